"""What the agent may not do, and what ends with it."""

import os
import signal
from pathlib import Path

from cases import Suite, equal
from processes import wait_until

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
