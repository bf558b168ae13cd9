"""The gate against hostile requests: all are refused and nothing comes of them; and what protects the person
from a listed page."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time

from agent import PLAIN_PORT, PORT
from bad_requests import ALL, GOOD_BODY, OPERATIONS
from cases import Suite, equal
from processes import Process, wait_until
from refusal import Untouched, check_problem
from websocket import Refused

suite = Suite()

ORIGINS = 48  # listed ones that take turns, so that none fails too often
ROUNDS = 3  # the first one warms up
ANSWER_SECONDS = 20
CLOSED_SECONDS = 30  # an idle connection stays for 10
GROWTH_KIB = 256  # of the resident memory over two rounds: less than 120 bytes a request
LOOP_SECONDS = 60
GONE_SECONDS = 30  # WEB_PAGES_AWAY_MS, and room
AGENT_VERSION = b"0.1.0"


def listed(number):
    return f"https://p{number}.test:8443"


def listing_agent(world, dialogs, **options):
    """An agent that lists the platform under further origins."""
    agent = world.agent(dialogs, start=False, **options)
    text = agent.config.read_text()
    section = text[text.index("[platform ") :]
    for number in range(1, ORIGINS + 1):
        other = section.replace("[platform ", f"[platform p{number}-").replace(
            f"origin = {agent.origin}\n", f"origin = {listed(number)}\n"
        )
        text += f"\n{other}"
    agent.config.write_text(text)
    agent.start(**dialogs.env)
    world.wait_keys(agent, world.plugged_count())
    return agent


# ---- bad requests ----


def read_answer(stream):
    """All that comes until the agent closes or has said one whole answer."""
    got = b""
    try:
        while True:
            more = stream.recv(65536)
            got += more
            head, found, body = got.partition(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            whole = found and lengths and len(body) >= int(lengths[0].split(b":")[1])
            if not more or whole:
                return got
    except ConnectionError:
        return got


def send_plain(bad, origin):
    with socket.create_connection(("127.0.0.1", PLAIN_PORT), timeout=ANSWER_SECONDS) as stream:
        try:
            stream.sendall(bad.bytes(f"127.0.0.1:{PLAIN_PORT}", origin))
            if bad.raw is not None:
                stream.shutdown(socket.SHUT_WR)  # it may look like the start of more
        except OSError:
            pass  # refused before it was all sent
        return read_answer(stream)


def send_tls(agent, bad, origin):
    with socket.create_connection(("127.0.0.1", PORT), timeout=ANSWER_SECONDS) as raw:
        with agent.tls.wrap_socket(raw, server_hostname="127.0.0.1") as stream:
            stream.sendall(bad.bytes(f"127.0.0.1:{PORT}", origin))
            return read_answer(stream)


def wrong_with(bad, answer):
    """What is wrong with an answer to a bad request, None: nothing."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head[9:12]) if head.startswith(b"HTTP/1.1 ") else 0
    if status not in bad.statuses:
        return f"{status} instead of {bad.statuses}"
    if not bad.listed and (b"access-control-" in head.lower() or AGENT_VERSION in answer):
        return "an unlisted origin learns something"
    if status and not body and b"upgrade" not in head.lower():
        return "a refusal that says nothing"
    return None


def send_all(agent, offset):
    """Every bad request once, over TLS and plain HTTP in turns; what went wrong."""
    wrong = []
    for number, bad in enumerate(ALL):
        origin = listed((number + offset) % ORIGINS + 1)
        over_tls = bad.raw is None and (number + offset) % 4 == 0
        try:
            answer = send_tls(agent, bad, origin) if over_tls else send_plain(bad, origin)
        except OSError as error:
            wrong.append(f"{bad.name}: {error}")
            continue
        complaint = wrong_with(bad, answer)
        wrong += [f"{bad.name}: {complaint}: {answer[:300]!r}"] if complaint else []
    return wrong


def memory_kib(agent):
    text = open(f"/proc/{agent.process.pid}/status", encoding="ascii").read()
    return int(text.split("VmRSS:")[1].split()[0])


def descriptors(agent):
    return len(os.listdir(f"/proc/{agent.process.pid}/fd"))


def journal_rows(agent, folder):
    """Of a copy: the agent alone may open its journal."""
    for name in ("journal.db", "journal.db-wal"):
        shutil.copy(agent.state / name, folder / name)
    with sqlite3.connect(folder / "journal.db") as journal:
        return journal.execute("SELECT COUNT(*) FROM operation").fetchone()[0]


@suite.case(f"{len(ALL)} bad requests are refused, and nothing comes of them")
def bad_requests(world):
    card = world.card()
    trace = world.case_folder / "agent.trace"
    agent = listing_agent(world, world.dialogs("cancel"), trace=trace)
    untouched = Untouched(card)
    read_before = trace.read_bytes() if trace.exists() else b""
    wrong, kib = [], []
    open_before = descriptors(agent)
    for turn in range(ROUNDS):
        wrong += send_all(agent, turn)
        kib.append(memory_kib(agent))
        equal(agent.get("/v1/status")["agent"], "ukeyd", "an honest page is answered")
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong[:40])
    equal(trace.read_bytes() if trace.exists() else b"", read_before, "commands to the key")
    equal(agent.dialogs.shown(), [], "dialogs")
    equal(agent.get(OPERATIONS)["operations"], [], "operations")
    equal(journal_rows(agent, world.case_folder), 0, "rows of the journal")
    untouched.check()
    agent.get("/v1/tokens")
    assert trace.read_bytes() != read_before, "the control: reading a key leaves a trace"
    assert kib[-1] - kib[0] <= GROWTH_KIB, f"the agent grew: {kib} KiB"
    wait_until(lambda: descriptors(agent) <= open_before + 2, CLOSED_SECONDS, "what was opened is closed")


@suite.case("the request that all bad ones are made from does open a dialog")
def good_request(world):
    """Else the case above would show nothing."""
    world.card()
    agent = listing_agent(world, world.dialogs("cancel"))
    answer = agent.request("POST", OPERATIONS, GOOD_BODY, origin=listed(1))
    equal(answer.status, 202, "the status")
    wait_until(agent.dialogs.shown, 20, "a dialog opens")


# ---- who is at the other end ----


@suite.case("from another network nothing can be reached, and only loopback is listened on")
def other_network(world):
    agent = world.agent()
    inode_lines = subprocess.run(["ss", "-ltnHp"], capture_output=True, text=True, check=True).stdout.splitlines()
    ours = sorted(line.split()[3] for line in inode_lines if f"pid={agent.process.pid}," in line)
    equal(ours, sorted([f"127.0.0.1:{PORT}", f"[::1]:{PORT}", f"127.0.0.1:{PLAIN_PORT}", f"[::1]:{PLAIN_PORT}"]), "sockets")
    with OtherNetwork() as other:
        equal(other.try_connect(other.ours, 9), "listens", "the control: what listens on every address")
        for port in (PORT, PLAIN_PORT):
            equal(other.try_connect(other.ours, port), "refused", f"port {port}")
            equal(other.try_connect("127.0.0.1", port), "refused", f"port {port} of its own loopback")


class OtherNetwork:
    """A second network namespace, joined to this one by a pair of virtual cables."""

    ours, theirs = "10.77.0.1", "10.77.0.2"

    def __enter__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        wait_until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"), 10,
                   "a network of its own")
        for words in (
            f"link add ukeyd-a type veth peer name ukeyd-b netns {self.holder.pid}",
            f"addr add {self.ours}/24 dev ukeyd-a",
            "link set ukeyd-a up",
        ):
            subprocess.run(["ip", *words.split()], check=True)
        for words in (f"addr add {self.theirs}/24 dev ukeyd-b", "link set ukeyd-b up", "link set lo up"):
            self.inside(["ip", *words.split()]).check_returncode()
        self.control = socket.create_server(("0.0.0.0", 9))
        return self

    def inside(self, words):
        return subprocess.run(["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--", *words], capture_output=True,
                              text=True, check=False)

    def try_connect(self, address, port):
        code = (f"import socket\ntry:\n socket.create_connection(({address!r},{port}),5); print('listens')\n"
                "except ConnectionRefusedError: print('refused')\n")
        return self.inside(["python3", "-c", code]).stdout.strip()

    def __exit__(self, *_):
        self.control.close()
        self.holder.terminate()
        self.holder.wait()


@suite.case("it connects to nobody by itself: there are no updates but the system's")
def no_updates(world):
    world.card()
    agent = world.agent()
    equal(agent.perform("check")["state"], "done", "a check")
    lines = subprocess.run(["ss", "-tuanpH"], capture_output=True, text=True, check=True).stdout.splitlines()
    own = [line.split() for line in lines if f"pid={agent.process.pid}," in line]
    outgoing = [line for line in own if line[1] != "LISTEN" and line[4].rsplit(":", 1)[1] not in (str(PORT), str(PLAIN_PORT))]
    equal(outgoing, [], "connections")


@suite.case("a WebSocket that talks is closed, however much it says")
def large_message(world):
    agent = world.agent()
    events = agent.events()
    events.send_text("x" * 100)  # any text ends it: pages have nothing to say there
    events.wait_closed()
    before = memory_kib(agent)
    for size in (65536, 65537, 1 << 20):
        events = agent.events()
        try:
            events.send_large(size)
        except OSError:
            pass  # closed before it was all taken
        events.wait_closed()
    assert memory_kib(agent) - before < 1024, "a message was kept"
    equal(agent.get("/v1/status")["busy"], False, "busy")


@suite.case("one page neither sees nor touches what another one started")
def two_pages(world):
    world.card()
    agent = listing_agent(world, world.dialogs("hang"))
    first, second = listed(1), listed(2)
    operation = agent.request("POST", OPERATIONS, GOOD_BODY, origin=first).json
    path = f"{OPERATIONS}/{operation['id']}"
    wait_until(lambda: agent.request("GET", path, origin=first).json["state"] == "waiting-user", 10, "the dialog")
    heard = agent.events(origin=second)
    equal(agent.request("GET", OPERATIONS, origin=second).json["operations"], [], "what the other page sees")
    for method, end, body in (("GET", "", None), ("POST", "/cancel", {}), ("POST", "/resume", {}), ("POST", "/abandon", {})):
        answer = agent.request(method, path + end, body, origin=second)
        equal((answer.status, answer.json["code"]), (404, "operation-unknown"), f"{method} {end}")
    busy = agent.request("POST", OPERATIONS, GOOD_BODY, origin=second).json
    over = wait_until(lambda: (o := agent.request("GET", f"{OPERATIONS}/{busy['id']}", origin=second).json)["error"] and o,
                      20, "the second page is refused")
    assert over["error"]["code"] in ("operation-busy", "key-busy", "prompt-busy"), over
    equal(agent.request("GET", path, origin=first).json["state"], "waiting-user", "the first one")
    assert all(e.get("operation", {}).get("id") != operation["id"] for e in heard.events), heard.events
    wait_until(agent.dialogs.shown, 20, "the window of the first one is there")
    equal(len(agent.dialogs.shown()), 1, "dialogs")


# ---- dialogs ----


@suite.case("a page in a loop can't make dialogs pop up again and again")
def dialog_loop(world):
    card = world.card()
    agent = world.agent(world.dialogs(*["cancel"] * 20))
    untouched = Untouched(card)
    answers = []
    end = time.monotonic() + LOOP_SECONDS
    while time.monotonic() < end and sum(a.status == 429 for a in answers) < 20:
        answer = agent.request("POST", OPERATIONS, GOOD_BODY)
        answers.append(answer)
        if answer.status == 202:
            agent.wait_over(answer.json["id"])
    refused = [a for a in answers if a.status == 429]
    assert refused, [a.status for a in answers]
    check_problem(refused[0].json, "dialogs-paused")
    assert 1 <= int(refused[0].headers["retry-after"]) <= 30, refused[0].headers
    equal(len(agent.dialogs.shown()), 2, "dialogs")
    equal(agent.perform("check")["state"], "done", "a check, which needs no dialog")
    equal(agent.request("POST", OPERATIONS, GOOD_BODY).json["code"], "dialogs-paused", "still")
    agent.ctl("change-pin", ok=None)
    equal(len(agent.dialogs.shown()), 3, "dialogs, with that of the terminal")
    untouched.check()


@suite.case("tickets that the platform refuses are taken only so often")
def bad_tickets(world):
    world.card()
    agent = world.agent()
    for number in range(10):
        equal(agent.perform("renew", f"no-such-ticket-{number}")["error"]["code"], "ticket-unknown", "the code")
    answer = agent.request("POST", OPERATIONS, {"kind": "renew", "ticket": "t"})
    equal((answer.status, answer.json["code"]), (429, "tickets-paused"), "the eleventh")
    assert 1 <= int(answer.headers["retry-after"]) <= 15, answer.headers
    equal(agent.dialogs.shown(), [], "dialogs")


@suite.case("a page that keeps asking wrongly is told to wait, and other pages are not")
def many_failures(world):
    agent = listing_agent(world, world.dialogs("cancel"))
    seen = []
    for _ in range(2000):
        seen.append(agent.request("GET", "/v1/none", origin=listed(1)).status)
        if seen[-1] == 429:
            break
    assert seen[:120] == [404] * 120 and seen[-1] == 429, seen
    equal(agent.request("GET", "/v1/status", origin=listed(2)).status, 200, "another page")
    agent.ctl("status")


@suite.case("a yes in the first half second does not count, and the window says so")
def too_fast(world):
    card = world.card(managed=True)
    agent = world.agent(world.dialogs("fast ok", "fast ok", "cancel"))
    untouched = Untouched(card)
    operation = agent.perform("reset-pin", world.portal.reset_ticket(card))
    equal(operation["error"]["code"], "prompt-cancelled", "the code")
    shown = agent.dialogs.shown()
    equal([d["kind"] for d in shown], ["CONFIRM"] * 3, "dialogs")
    equal(["过快" in d["SETDESC"] for d in shown], [False, True, True], "what they say")
    untouched.check()


@suite.case("a second operation does not open a second dialog")
def one_dialog(world):
    first, second = world.card(slot=0), world.card(slot=1)
    agent = world.agent(world.dialogs("hang"))
    operation = agent.start_operation("change-pin", token=first.serial)
    wait_until(agent.dialogs.shown, 20, "the first window is there")
    equal(agent.perform("change-pin", token=second.serial)["error"]["code"], "prompt-busy", "the code")
    equal(len(agent.dialogs.shown()), 1, "dialogs")
    equal(agent.operation(operation["id"])["state"], "waiting-user", "the first one")


@suite.case("the dialog goes when its page has gone, and not when that only reloads")
def page_gone(world):
    card = world.card()
    agent = world.agent(world.dialogs("hang"))
    untouched = Untouched(card)
    events = agent.events()
    operation = agent.start_operation("renew", world.ticket(card))
    path = f"{OPERATIONS}/{operation['id']}"
    events.wait_for(lambda e: e.get("operation", {}).get("state") == "waiting-user")
    events.close()
    time.sleep(1)  # the page reloads
    events = agent.events()
    events.close()
    listed_then = time.monotonic()
    state = wait_until(lambda: state_seen_by_terminal(agent, operation["id"]) != "waiting-user", GONE_SECONDS, "the dialog goes")
    assert state and time.monotonic() - listed_then > 5, "it went too soon"
    over = agent.get(path)
    equal((over["state"], over["error"]["code"], over["resumable"]), ("failed", "page-gone", True), "the operation")
    untouched.check()
    agent.dialogs.replan("pin 123456")
    agent.request("POST", f"{path}/resume", {})
    equal(agent.wait_over(operation["id"])["state"], "done", "the page came back and went on")


def state_seen_by_terminal(agent, identity):
    """A look that is no sign of the page."""
    text = agent.ctl("--json", "operations").stdout
    return next(o["state"] for o in json.loads(text)["operations"] if o["id"] == identity)


@suite.case("the dialog goes when the terminal has gone")
def terminal_gone(world):
    card = world.card()
    agent = world.agent(world.dialogs("hang"))
    untouched = Untouched(card)
    ctl = Process("ctl", [agent.programs / "ukeyctl", "--socket", agent.socket, "change-pin"], agent.folder, env=agent.env)
    wait_until(agent.dialogs.shown, 20, "the dialog")
    ctl.kill()
    agent.process.wait_for_line("the terminal has gone", GONE_SECONDS)
    agent.process.wait_for_line("page-gone", 10)
    untouched.check()


@suite.case("an upgrade from an unlisted page ends before 101")
def no_upgrade(world):
    agent = world.agent()
    for origin in ("https://evil.example", "null", None):
        try:
            agent.events(origin=origin)
            raise AssertionError(f"accepted: {origin}")
        except Refused as refused:
            equal(refused.status, 403, f"the status for {origin}")
