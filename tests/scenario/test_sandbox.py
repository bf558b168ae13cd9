"""What the agent may not do, and what ends with it."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

from cases import Suite, equal
from processes import Process, run, wait_until

suite = Suite()


def children(pid):
    """Process ids of the children that live."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(word) for word in (task / "children").read_text().split()]
    return found


def name(pid):
    return Path(f"/proc/{pid}/comm").read_text().strip()


def is_gone(pid):
    """A zombie that nobody has looked for yet counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def launcher(agent):
    """Its process id: the agent's only child."""
    found = children(agent.process.pid)
    equal([name(pid) for pid in found], ["ukeyd-launch"], "the agent's children")
    return found[0]


def open_dialog(world, answer="hang"):
    """(agent, launcher, pinentry): an agent whose dialog is open."""
    world.card()
    agent = world.agent(dialogs=world.dialogs(answer))
    started = launcher(agent)
    agent.start_operation("change-pin")
    pinentry = wait_until(lambda: children(started), 10, "a dialog opens")[0]
    return agent, started, pinentry


@suite.case("a killed agent leaves nothing behind")
def _(world):
    agent, started, pinentry = open_dialog(world)
    agent.kill()
    for pid in (pinentry, started):
        wait_until(lambda pid=pid: is_gone(pid), 10, f"process {pid} is gone")


@suite.case("not even a dialog that does not want to leave")
def _(world):
    agent, started, pinentry = open_dialog(world, "stubborn")
    agent.kill()
    for pid in (pinentry, started):
        wait_until(lambda pid=pid: is_gone(pid), 10, f"process {pid} is gone")


@suite.case("a polite end takes the launcher along")
def _(world):
    agent, started, pinentry = open_dialog(world)
    equal(agent.stop(), 0, "the agent's exit status")
    assert is_gone(pinentry) and is_gone(started)


@suite.case("without its launcher the agent ends, so that both are started anew")
def _(world):
    agent, started, pinentry = open_dialog(world)
    os.kill(started, signal.SIGKILL)
    wait_until(lambda: not agent.process.running(), 10, "the agent ends")
    equal(agent.process.popen.returncode, 1, "the agent's exit status")
    assert "the launcher has gone" in agent.process.log_text()
    wait_until(lambda: is_gone(pinentry), 10, "the dialog is gone")


@suite.case("the launcher holds no socket of the agent's and no signal ends it")
def _(world):
    world.card()
    agent = world.agent()
    started = launcher(agent)
    links = {fd.name: os.readlink(fd) for fd in Path(f"/proc/{started}/fd").iterdir()}
    others = {number: link for number, link in links.items() if int(number) > 2}
    equal(len(others), 1, f"descriptors beside the standard ones: {others}")
    assert others["3"].startswith("socket:")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(started, number)
    equal(agent.perform("check")["state"], "done", "the state of a check")
    assert not is_gone(started)


@suite.case("it works when it was started without standard descriptors")
def _(world):
    world.card()
    agent = world.agent(start=False)
    words = ["sh", "-c", 'exec "$@" --log-file <&- >&- 2>&-', "sh", *agent.arguments()]
    log = agent.state / "ukeyd.log"
    started = world.keep(Process("ukeyd", words, agent.folder, env=agent.env))
    wait_until(lambda: log.exists() and "listening on" in log.read_text(), 20, "the agent listens")
    for number in ("0", "1"):
        equal(os.readlink(f"/proc/{started.pid}/fd/{number}"), "/dev/null", f"descriptor {number}")
    equal(started.stop(), 0, f"exit status\n{log.read_text()}")


@suite.case("it opens its ports itself when a manager hands over the Unix socket alone")
def _(world):
    world.card()
    agent = world.agent(start=False)
    with socket.socket(socket.AF_UNIX) as handed:
        handed.bind(str(agent.folder / "handed.sock"))
        handed.listen()
        shell = 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&"$0"'
        words = ["sh", "-c", shell, str(handed.fileno()), *agent.arguments()]
        started = world.keep(
            Process("ukeyd", words, agent.folder, env=agent.env, pass_fds=(handed.fileno(),))
        )
        started.wait_for_line("listening on 127.0.0.1:27510 .* of the service manager")
        equal(started.stop(), 0, "exit status")


# ---- what it is shut in by ----


def status_of(path):
    lines = (path / "status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@suite.case("what the agent may not do is tried, and refused")
def _(world):
    done = run([world.programs / "ukeyd", "--sandbox-report"], ok=None)
    text = done.stdout.decode()
    equal(done.returncode, 0, f"exit status\n{text}")
    assert "WRONG" not in text and "All that this kernel can do holds." in text
    for tried in ("start a program", "read the home folder", "be debugged by another process", "PIE"):
        assert tried in text, f"{tried} is not in the report"


@suite.case("every thread of the agent is shut in, its dialog is not")
def _(world):
    agent, started, pinentry = open_dialog(world)
    threads = [status_of(task) for task in Path(f"/proc/{agent.process.pid}/task").iterdir()]
    assert len(threads) > 1, "the monitor has a thread"
    for thread in threads:
        equal((thread["Seccomp"], thread["NoNewPrivs"]), ("2", "1"), f"thread {thread['Name']}")
    for pid in (started, pinentry):
        equal(status_of(Path(f"/proc/{pid}"))["Seccomp"], "0", f"filters of {name(pid)}")


@suite.case("a crash leaves no core file")
def _(world):
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_CORE, unlimited)
    world.card()
    agent = world.agent()
    started = launcher(agent)
    pid = agent.process.pid
    os.kill(pid, signal.SIGSEGV)
    status = os.waitpid(pid, 0)[1]
    agent.process.popen.returncode = os.waitstatus_to_exitcode(status)
    equal(agent.process.popen.returncode, -signal.SIGSEGV, "the agent's end")
    assert not os.WCOREDUMP(status), "a core was written"
    wait_until(lambda: is_gone(started), 10, "the launcher is gone")


def is_refused(agent, folder, why):
    done = run(agent.arguments(), env=agent.env, ok=(1,), seconds=30)
    text = done.stderr.decode()
    assert "folder-unsafe" in text and str(folder) in text and why in text, text
    assert not any(folder.iterdir()), "something was put there"


@suite.case("folders that others can change are refused")
def _(world):
    world.card()
    agent = world.agent(start=False)
    runtime = agent.socket.parent
    for folder in (agent.state, runtime):
        for mode in (0o777, 0o770, 0o1777):
            folder.mkdir()
            folder.chmod(mode)
            is_refused(agent, folder, f"{mode:04o}")
            folder.rmdir()
        if os.geteuid() == 0 and can_give_away(folder):
            is_refused(agent, folder, "belongs to user 1000")
            folder.rmdir()
        for other in (agent.state, runtime):
            if other.exists():
                shutil.rmtree(other)
    runtime.parent.chmod(0o777)
    done = run(agent.arguments(), env=agent.env, ok=(1,), seconds=30)
    assert "folder-unsafe" in done.stderr.decode(), done.stderr
    runtime.parent.chmod(0o700)
    agent.start()


def can_give_away(folder):
    """Not in every user namespace."""
    folder.mkdir()
    try:
        os.chown(folder, 1000, 1000)
    except OSError:
        folder.rmdir()
        return False
    return True


# ---- what it needs all the same ----


class NameServer:
    """Answers every question with "no such name", and remembers what was asked."""

    def __init__(self):
        self.asked = set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                question, sender = self.socket.recvfrom(512)
            except OSError:
                return
            labels, at = [], 12
            while question[at]:
                labels.append(question[at + 1 : at + 1 + question[at]].decode())
                at += 1 + question[at]
            self.asked.add(".".join(labels))
            answer = question[:2] + b"\x81\x83" + question[4:6] + bytes(6) + question[12 : at + 5]
            self.socket.sendto(answer, sender)

    def stop(self):
        self.socket.close()


@suite.case("a platform's name is looked up, also at a name server that came later")
def _(world):
    card = world.card()
    server = world.keep(NameServer())
    agent = world.agent(api="https://platform.test/agent/v1")
    resolver = world.case_folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    real = os.path.realpath("/etc/resolv.conf")
    if not os.path.exists(real):
        Path(real).touch()
    subprocess.run(["mount", "--bind", str(resolver), real], check=True)
    try:
        started = agent.start_operation("renew", world.ticket(card))
        wait_until(lambda: "platform.test" in server.asked, 60, "the name server is asked")
        agent.request("POST", f"/v1/operations/{started['id']}/cancel", {})
    finally:
        subprocess.run(["umount", real], check=True)


# ---- how the programs are built ----

HEADERS = {
    "position-independent": "DYN (Position-Independent Executable file)",
    "relocations read-only": "GNU_RELRO",
    "bound at once": "BIND_NOW",
    "checked calls": "_chk@",
    "stack protector": "__stack_chk_fail@",
}


@suite.case("every program is built hardened")
def _(world):
    for program in sorted(world.programs.iterdir()):
        text = run(["readelf", "--wide", "--file-header", "--segments", "--dynamic", "--dyn-syms", program]).stdout
        text = text.decode()
        for meaning, words in HEADERS.items():
            assert words in text, f"{program.name} is not {meaning}"
        stack = next(line for line in text.splitlines() if "GNU_STACK" in line)
        assert " RW " in stack and "RWE" not in text, f"{program.name} has writable code"
