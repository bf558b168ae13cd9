#!/usr/bin/env python3
"""./dev demo --browser: the platform, its payment service, the agent and a virtual key, left running for a
person with a browser until Ctrl-C.

The pages are reached over the machine's own network, on loopback; pcscd and the key stay in a network of their
own, because the virtual reader would listen on all interfaces. The browser that is opened has a private
profile; nothing outside the temporary folder is changed."""

import argparse
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "browser"))

import namespaces
from agent import PLAIN_PORT, PORT
from browser_world import BrowserPortal, BrowserWorld
from card import PIN, Card
from families import FAMILIES
from fake_dialogs import FakeDialogs
from payment_service import PaymentService
from pcscd import Pcscd
from picture import png
from real_dialogs import PROGRAM
from run_folder import RunFolder

MANUAL = HERE.parents[1] / "docs" / "manual.zh.md"
PORTAL_HOST, PAY_HOST = "portal.localhost", "pay.localhost"  # loopback in every browser
PORTAL_PORT, PAY_PORT = 8443, 8444  # the next ones that are free
ORGANISATION, PASSWORD = "阳光测试有限公司", "Yangguang-2024"
# login, role, name, what a role is called
PEOPLE = (
    ("yangguang", "bidder", "张三", "投标人"),
    ("shenhe", "reviewer", "王五", "审核员"),
    ("guanli", "administrator", "赵六", "管理员"),
)
SCREEN = ("DISPLAY", "XAUTHORITY")
STOP_SECONDS = 10
QUIET = (
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def free_port(first):
    """The first free port from this one on."""
    for port in range(first, first + 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise SystemExit(f"no free port from {first} on")


# ---- inside ----


class OwnScreen:
    """The PIN window opens on the person's own screen."""

    program = PROGRAM
    env = {**{name: os.environ[name] for name in SCREEN if name in os.environ}, "NO_AT_BRIDGE": "1"}

    def stop(self):
        pass


class DemoPortal(BrowserPortal):
    host = PORTAL_HOST


class DemoWorld(BrowserWorld):
    portal_class = DemoPortal


def people(world):
    for login, role, name, _ in PEOPLE:
        world.portal.user(login, role, PASSWORD, name, ORGANISATION if role == "bidder" else None)


def sealed_card(world, family):
    card = world.card(profile=family.profiles[0], managed=True, plugged=False, holder="张三", organisation=ORGANISATION)
    world.put_seal(card, png(family.picture_bytes))
    card.plug_in()
    return card


def open_world(asked, ports):
    """Everything but the browser, running; the world."""
    DemoPortal.port, PaymentService.port = ports
    PaymentService.host = PAY_HOST
    network = namespaces.PrivateNetwork()
    Pcscd.prefix = Card.prefix = network.prefix()
    world = DemoWorld(asked.bin, f"{asked.work}/w", asked.template, asked.vpcd)
    world.network = network
    world.prepare()
    world.open_case()
    people(world)
    world.portal.admin("reset", "policy", "--approval", "automatic")
    world.portal.admin("download", "add", "--kind", "manual", "--file", MANUAL)
    card = sealed_card(world, FAMILIES[asked.key])
    screen = OwnScreen() if "DISPLAY" in os.environ else FakeDialogs(world.new_folder("d"), [f"person {PIN}"])
    agent = world.agent(screen)
    return world, {"serial": card.serial, "origin": world.portal.origin, "home": str(world.home),
                   "control": str(card.control_socket), "config": str(agent.config), "ports": ports}


def run_inside(asked):
    """Ends when standard input does, or by a signal."""
    namespaces.enter_with_network()
    ports = (free_port(PORTAL_PORT), free_port(PAY_PORT))
    world, facts = open_world(asked, ports)
    try:
        print(json.dumps(facts), flush=True)
        sys.stdin.read()
    finally:
        world.close()


# ---- outside ----


def browser_command(facts):
    """Chromium with the private profile, which takes the platform for a public address."""
    public = ",".join(f"127.0.0.1:{port}=public" for port in facts["ports"])
    flags = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return ["env", f"HOME={facts['home']}", "chromium", *flags, f"--user-data-dir={facts['home']}/profile",
            f"--ip-address-space-overrides={public}", f"{facts['origin']}/"]


def tell(facts, folder):
    origin = facts["origin"]
    print(f"\nThe platform       {origin}/\n\nAccounts, all with the password {PASSWORD}:")
    for login, role, name, chinese in PEOPLE:
        print(f"  {login:10} {role:14} {chinese} {name}")
    print(f"\nThe key            {facts['serial']}, PIN {PIN}, plugged in")
    print("A browser that trusts platform and agent, with a profile of its own:\n")
    print("  " + shlex.join(browser_command(facts)))
    print("\nYour own browser works too: accept its warning about the platform's certificate. It reaches the")
    print(f"agent by http on port {PLAIN_PORT}, because it does not trust the agent's certificate either.")
    if "DISPLAY" not in os.environ:
        print(f"\nThere is no screen (DISPLAY is not set): PIN windows answer themselves with {PIN}, and")
        print("choose no new PIN. To use the browser of the computer in front of you, from there:\n")
        forwarded = " ".join(f"-L {port}:127.0.0.1:{port}" for port in (*facts["ports"], PORT, PLAIN_PORT))
        print(f"  ssh {forwarded} {os.uname().nodename}")
    print(f"\nThe agent's settings and log: {Path(facts['config']).parent}")
    print(f"What the key can be told: {folder.programs}/ukey-sim control --socket {facts['control']} …")
    print("\nCtrl-C ends everything and removes it.", flush=True)


class Browser:
    """Chromium on the person's screen, when there is one."""

    def __init__(self, facts):
        self.process = None
        if "DISPLAY" in os.environ:
            self.process = subprocess.Popen(browser_command(facts), stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                            start_new_session=True)

    def stop(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


def start_inside(asked, folder):
    command = [sys.executable, "-B", __file__, "--vpcd", asked.vpcd, "--bin", str(folder.programs)]
    command += ["--work", str(folder.work()), "--template", str(folder.template()), "--key", asked.key]
    return subprocess.Popen(namespaces.command_inside(command, network=False), stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True, start_new_session=True)


def stop_inside(inside):
    inside.stdin.close()
    try:
        inside.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        inside.kill()  # unshare --kill-child takes all with it
        inside.wait()


def run_outside(asked):
    if shutil.which("chromium") is None:
        raise SystemExit("there is no chromium: run ./dev setup")
    with RunFolder(asked.build) as folder:
        inside = start_inside(asked, folder)
        try:
            line = inside.stdout.readline()
            if not line:
                return inside.wait()
            facts = json.loads(line)
            tell(facts, folder)
            browser = Browser(facts)
            try:
                return inside.wait()
            finally:
                browser.stop()
        except KeyboardInterrupt:
            print("\nEnding…")
            return 0
        finally:
            stop_inside(inside)


def main():
    parser = argparse.ArgumentParser(prog="./dev demo --browser")
    for name in ("build", "vpcd", "bin", "work", "template", "key"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    return run_inside(asked) if asked.bin else run_outside(asked)


if __name__ == "__main__":
    sys.exit(main())
