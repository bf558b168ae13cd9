#!/usr/bin/env python3
"""./dev bench: figures of the release build. Compare ratios within one run; nothing is asserted."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "scenario"), str(TESTS / "bench")]

import namespaces  # noqa: E402
from card import PIN  # noqa: E402
from http_bench import bench_http  # noqa: E402
from picture import png  # noqa: E402
from portal import make_template  # noqa: E402
from processes import Process, wait_until  # noqa: E402
from run_folder import RunFolder  # noqa: E402
from web_bench import bench_web  # noqa: E402
from world import World  # noqa: E402

STARTS = 20
IDLE_SECONDS = 10
AIMS = {"start_ms": 15, "pss_mb": 8, "keep": 26, "replace": 34, "share": 5, "seal": 45, "piv": 11, "piv_check": 8}
PROFILES = ("gmt0017-2012", "longmai", "syno")
VERIFY, PUT_DATA, AUTHENTICATE, MANAGEMENT = 0x20, 0xDB, 0x87, 0x9B  # of PIV
HTTP_TOOLS = ("bench_server", "web_load")
SEAL_BYTES = 17 * 1024 - 8  # signatures differ by a few bytes from one seal to the next


def row(*cells):
    widths = (34, 14, 14, 30)
    print("  ".join(str(c).ljust(w) for c, w in zip(cells, widths)).rstrip(), flush=True)


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


# ---- start ----


def listens(port):
    wanted = f":{port:04X}"
    lines = Path("/proc/self/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(wanted) and line.split()[3] == "0A" for line in lines)


def time_of_true():
    started = time.perf_counter()
    process = Process("true", ["/bin/true"], "/tmp")
    process.popen.wait()
    return (time.perf_counter() - started) * 1000


def time_of_start(agent):
    """From exec to listening, looked at without sleeping in between."""
    started = time.perf_counter()
    agent.process = Process("ukeyd", agent.arguments(), agent.folder, env=agent.env)
    while not listens(27510):
        assert agent.process.running(), agent.process.log_text()
    taken = (time.perf_counter() - started) * 1000
    agent.stop()
    wait_until(lambda: not listens(27510), 10, "the port is free again")
    return taken


def bench_start(world):
    agent = world.agent()
    agent.stop()
    true_ms = [time_of_true() for _ in range(STARTS)]
    start_ms = [time_of_start(agent) for _ in range(STARTS)]
    median, true_median = statistics.median(start_ms), statistics.median(true_ms)
    print("\nTime from exec to listening (an identity exists)")
    row("", "median ms", "p95 ms", "")
    row("ukeyd", f"{median:.1f}", f"{percentile(start_ms, 0.95):.1f}", f"aim: at most {AIMS['start_ms']} ms")
    row("/bin/true, exec to exit", f"{true_median:.1f}", f"{percentile(true_ms, 0.95):.1f}", "")
    row("ratio", f"{median / true_median:.1f}")


# ---- idle ----


def pss_kb(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError("no Pss in smaps_rollup")


def switches(pid):
    """Voluntary context switches of each thread: {thread: (name, count)}."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        status = dict(
            line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line
        )
        found[task.name] = (status["Name"], int(status["voluntary_ctxt_switches"]))
    return found


def bench_idle(world):
    world.card()
    agent = world.agent()
    time.sleep(2)
    pid = agent.process.pid
    before = switches(pid)
    time.sleep(IDLE_SECONDS)
    after = switches(pid)
    woken = {t: n - before.get(t, ("", 0))[1] for t, (_, n) in after.items()}
    print(f"\nIdle, with a key plugged in ({IDLE_SECONDS} s)")
    row("memory (PSS)", f"{pss_kb(pid) / 1024:.1f} MB", "", f"aim: at most {AIMS['pss_mb']} MB")
    row("threads", len(after))
    row("wake-ups", sum(woken.values()), "", "aim: 0 apart from PC/SC's own wait")


# ---- renewal ----


def renewal(world, key):
    """The operation's result, and what the key counted meanwhile."""
    card = world.card(plugged=False)
    card.plug_in(latency="real")
    agent = world.agent()
    agent.get("/v1/tokens")  # the page shows the key before the user clicks
    ticket = world.ticket(card, key=key)
    card.control("stats", "clear")
    operation = agent.perform("renew", ticket)
    assert operation["state"] == "done", operation["error"]
    return operation["result"], card.control("stats")


def bench_renewal(world, key, title):
    result, stats = renewal(world, key)
    print(f"\nRenewal, {title} (sm2, dual; the key takes as long as a real one)")
    row("command to the key", "times")
    for entry in sorted(stats["instructions"], key=lambda entry: -entry["count"]):
        row(f"  {entry['name']}", entry["count"])
    row("all, as the key counted", stats["commands"])
    row("all, as the agent counted", result["key_commands"], "", f"aim: at most {AIMS[key]}")
    total = result["total_us"]
    parts = {
        "the key": result["key_us"],
        "the platform": result["platform_us"],
        "the person (a fake dialog)": result["user_us"],
    }
    parts["us"] = total - sum(parts.values())
    row("time spent in", "ms", "share")
    for name, us in parts.items():
        aim = f"aim: at most {AIMS['share']} %" if name == "us" else ""
        row(f"  {name}", f"{us / 1000:.1f}", f"{100 * us / total:.1f} %", aim)


# ---- PIV ----


PIV_PROFILES = ("piv-full", "piv-5.4", "piv-odd", "piv-plain")
PEER = "yubico-piv-tool"
PEER_PROFILE = "piv-5.4"  # it knows no AES-192, and needs a token that answers SELECT in one piece
PEER_SLOT = "9a"
CHAINED = 0x10  # bit of CLA: more of this command follows
CERTIFICATE_BYTES_MIN = 400  # of an object with one; half-made pairs have less


def piv_renewal(world, profile):
    """Commands of a check on the plugged-in token; a renewal with a new P-256 key: its result, what the token counted,
    and what made and wrote it."""
    card = world.card(plugged=False, profile=profile, algorithm="p256")
    trace = world.case_folder / "key.trace"
    card.plug_in(latency="real", trace=trace)
    agent = world.agent()
    agent.get("/v1/tokens")  # the page shows the token before the user clicks
    card.control("stats", "clear")
    assert agent.perform("check")["state"] == "done"
    check = card.control("stats")["commands"]
    ticket = world.ticket(card, key="replace")
    card.control("stats", "clear")
    before = len(commands(trace))
    operation = agent.perform("renew", ticket)
    assert operation["state"] == "done", operation["error"]
    return check, operation["result"], card.control("stats"), made_and_written(commands(trace)[before:])


def made_and_written(sent):
    """Of the commands those from the log-in until the certificate is on the token: the first object of its size that
    is written after request and proof were signed."""
    first = next(i for i, command in enumerate(sent) if command[1] == VERIFY)
    signatures = size = 0
    for i, command in enumerate(sent):
        size = size + len(command) if command[1] == PUT_DATA else 0
        if command[0] & CHAINED:
            continue
        signatures += command[1] == AUTHENTICATE and command[3] != MANAGEMENT
        if size > CERTIFICATE_BYTES_MIN and signatures >= 2:
            return sent[first : i + 1]
        size = 0
    raise RuntimeError("no certificate was written")


def peer(world):
    """Commands of the best-known tool for a key, a request and a certificate: {step: (commands, whether it succeeded)}."""
    card = world.card(plugged=False, profile=PEER_PROFILE, algorithm="p256")
    certificate = card.certificate_file("sign").read_bytes()  # any one will do
    card.plug_in()
    agent = world.agent()  # the token is there for pcscd once the agent reads it
    world.wait_listed(agent, card)
    agent.stop()
    key = world.portal.piv_secrets(card.serial, card.family.management[PEER_PROFILE])["management_key"]
    counted = {}

    def step(name, *words, content=None):
        card.control("stats", "clear")
        command = [PEER, "-r", "Virtual", "-s", PEER_SLOT, *words]
        done = subprocess.run(command, input=content, capture_output=True, timeout=60, check=False)
        counted[name] = (card.control("stats")["commands"], done.returncode == 0)
        return done.stdout

    public = step("generate", f"-k{key}", "-A", "ECCP256", "-a", "generate")
    step("request", "-a", "verify-pin", "-P", PIN, "-a", "request-certificate", "-S", "/CN=bench/", content=public)
    step("import", f"-k{key}", "-a", "import-certificate", content=certificate)
    return counted


def bench_piv(world):
    print("\nPIV tokens, P-256, a new key ordered (they take as long as real ones)")
    row("", "key, request,", "the whole", "")
    row("", "certificate", "renewal", "check on a plugged-in token")
    best = None
    for profile in PIV_PROFILES:
        world.open_case()
        check, result, stats, made = piv_renewal(world, profile)
        world.close_case()
        best = best or (made, stats)
        kept = "" if result["replaced"] else ", key kept"
        row(f"  {profile}{kept}", len(made), f"{stats['commands']}, {result['key_us'] / 1000:.0f} ms", check)
    row("  aims", AIMS["piv"], "", AIMS["piv_check"])
    made, stats = best
    row(f"commands of the whole renewal, {PIV_PROFILES[0]}", "times")
    for entry in sorted(stats["instructions"], key=lambda entry: -entry["count"]):
        row(f"  {entry['name']}", entry["count"])
    if shutil.which(PEER):
        bench_peer(world, len(made))
    else:
        row(f"{PEER} is not installed")


def bench_peer(world, ours):
    world.open_case()
    counted = peer(world)
    world.close_case()
    total = sum(count for count, _ in counted.values())
    parts = " + ".join(str(count) for count, _ in counted.values())
    row(f"{PEER}, three processes", total, parts, f"ours to theirs: {ours / total:.2f}")
    for name, (_, well) in counted.items():
        if not well:
            row(f"  its {name} failed, the commands of which are counted up to there")


# ---- seal ----


def sealed(world, profile):
    """A renewed key whose seal, of SEAL_BYTES, is to be extended, an agent behind a counting proxy, and the
    file in which the key notes its commands."""
    card = world.card(plugged=False, profile=profile)
    trial = world.case_folder / "trial"
    world.put_seal(card, png(), trial.name)
    size = len(png()) + SEAL_BYTES - len(card.files()[trial.name])
    card.clear_files()
    world.put_seal(card, png(size))
    trace = world.case_folder / "key.trace"
    card.plug_in(latency="real", trace=trace)
    proxy = world.faulty_portal()
    agent = world.agent(api=proxy.api, tls_ca=proxy.tls_ca)
    agent.get("/v1/tokens")
    assert agent.perform("renew", world.ticket(card))["state"] == "done"
    proxy.requests.clear()
    return card, agent, proxy, trace


def commands(trace):
    """What was sent to the key, in order."""
    lines = trace.read_text().splitlines()
    return [bytes.fromhex(line.split()[-1]) for line in lines if ">" in line]


CREATE_FILE, WRITE_FILE, READ_FILE = 0x30, 0x3A, 0x38


def written_and_verified(sent, file):
    """Of the commands those from the new file's creation to the last look at it."""
    named = [i for i, command in enumerate(sent) if file.encode() in command]
    (first,) = [i for i in named if sent[i][1] == CREATE_FILE]
    last = max(i for i in named if sent[i][1] == READ_FILE)
    return sent[first : last + 1]


def bench_seal(world, profile):
    card, agent, proxy, trace = sealed(world, profile)
    card.control("stats", "clear")
    before = len(commands(trace))
    operation = agent.perform("extend-seal", world.portal.key_ticket(card, "extend-seal"))
    assert operation["state"] == "done", operation["error"]
    result = operation["result"]
    (seal,) = card.files().values()
    sent = written_and_verified(commands(trace)[before:], result["file"])
    count = [sum(command[1] == ins for command in sent) for ins in (WRITE_FILE, READ_FILE)]
    row(f"  {profile}, {len(seal)} bytes", f"{count[0]} + {count[1]}", len(sent), f"aim: at most {AIMS['seal']}")
    row("    the whole operation", "", card.control("stats")["commands"], f"{result['key_us'] / 1000:.0f} ms at the key")
    calls = [f"{request.split()[0]} /{request.rpartition('/')[2]}" for request in proxy.requests]
    row("    calls to the platform", len(calls), "", ", ".join(calls))


def bench_seals(world):
    print("\nSeal of 17 KiB extended (V4; the key takes as long as a real one)")
    row("written and verified", "write + read", "commands")
    for profile in PROFILES:
        world.open_case()
        bench_seal(world, profile)
        world.close_case()


def perform(world):
    for step in (
        bench_start,
        bench_idle,
        lambda w: bench_renewal(w, "keep", "kept key"),
        lambda w: bench_renewal(w, "replace", "new key"),
    ):
        world.open_case()
        step(world)
        world.close_case()
    bench_piv(world)
    bench_seals(world)


def perform_http(world, tools):
    world.open_case()
    bench_http(world, tools, row)
    world.close_case()


def run_inside(asked):
    namespaces.enter(asked.work)
    world = World(asked.bin, f"{asked.work}/w", f"{asked.work}/template", asked.vpcd)
    try:
        if asked.only in (None, "key"):
            perform(world)
        if asked.only in (None, "http"):
            perform_http(world, asked.bin)
        if asked.only in (None, "web"):
            bench_web(Path(asked.bin), f"{asked.work}/template", Path(asked.work))
    except Exception:
        if world.case_folder:
            print(world.logs())
        raise
    finally:
        world.close()


def main():
    parser = argparse.ArgumentParser(prog="./dev bench")
    for option in ("--build", "--vpcd", "--bin", "--work"):
        parser.add_argument(option, help=argparse.SUPPRESS)
    parser.add_argument(
        "--only",
        choices=("key", "http", "web"),
        help="start, memory and operations; HTTP against nginx; the portal's lists and jobs",
    )
    asked = parser.parse_args()
    if asked.bin:
        run_inside(asked)
        return 0
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; compare ratios within this run only")
    with RunFolder(asked.build) as folder:
        for tool in HTTP_TOOLS:
            shutil.copy2(folder.build / "tests" / "bench" / tool, folder.programs)
        make_template(folder.programs, folder.path / "template")
        command = [sys.executable, "-B", __file__, "--vpcd", asked.vpcd]
        command += ["--bin", str(folder.programs), "--work", str(folder.path)]
        command += ["--only", asked.only] if asked.only else []
        return subprocess.run(namespaces.command_inside(command), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
