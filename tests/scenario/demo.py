#!/usr/bin/env python3
"""./dev demo: the whole manual on a virtual key as a user would do it, shown step by step: the certificate
renewed, the electronic seal extended, a forgotten PIN reset and changed. --key piv: on a PIV token in place of a UKey.

Everything is real but the key: pcscd, the platform with its CA, the agent with its HTTPS API, the PIN
dialog on a screen of its own. The key is ukey-sim, which pcscd sees through Debian's virtual reader."""

import argparse
import subprocess
import sys

import demo_browser
import namespaces
import openssl
import seals
from agent import OVER
from card import PIN
from families import FAMILIES, GMT0017
from picture import png
from portal import make_template
from processes import ScenarioError
from real_dialogs import RealDialogs
from run_folder import RunFolder
from world import World

TITLES = {"sign": "签名证书 signing   ", "encrypt": "加密证书 encryption", "both": "签名和加密 both    "}
SECRET = "投标文件的对称密钥".encode()
FORGOTTEN, NEW_PIN = "528491", "737465"
COLOURS = {"head": "1;36", "good": "1;32", "bad": "1;31", "dim": "2"}


def coloured(text, colour):
    return f"\033[{COLOURS[colour]}m{text}\033[0m" if sys.stdout.isatty() else text


def say(text="", colour=None):
    print(coloured(text, colour) if colour else text, flush=True)


def claim(true, text):
    """Something that the demo shows: fails the demo when it is not so."""
    say(f"  {coloured('✓', 'good') if true else coloured('✗', 'bad')} {text}")
    if not true:
        raise ScenarioError(text)


def show_certificates(world, agent, card, name, container):
    """Prints a container's certificates as `ukeyctl cert export` reads them from the key; their files."""
    say(f"  container {container}")
    files = {}
    for usage in ("sign",) if card.person.single else ("sign", "encrypt"):
        title = TITLES["both" if card.person.single else usage]
        words = ["cert", "export", "--usage", usage, "--container", container]
        path = files[usage] = world.case_folder / f"{name}-{usage}.pem"
        path.write_bytes(agent.ctl(*words).stdout)
        say(f"    {title}  {openssl.subject(path)}")
        say(f"        number {openssl.serial(path)}, until {openssl.end_date(path):%Y-%m-%d %H:%M} UTC")
    return files


class Person:
    """Sits at the screen and answers the dialogs of each step as planned: {step's name: [(act, …), …]}."""

    def __init__(self, dialogs, plan):
        self.dialogs = dialogs
        self.plan = dict(plan)

    def type(self, pin):
        self.dialogs.answer_pin(pin)
        say(f"         ({pin} was typed into pinentry-gtk-2, key by key, as a user would)", "dim")

    def agree(self):
        self.dialogs.display.accept()
        say("         (the dialog's question was answered with yes)", "dim")

    def refuse(self):
        self.dialogs.cancel()
        self.dialogs.display.wait_until_closed()
        say("         (the offer to change the PIN at once was declined)", "dim")

    def type_twice(self, pin):
        self.dialogs.display.type_new_pin(pin)
        say(f"         ({pin} was typed twice, as the new PIN)", "dim")

    def sits_before(self, step):
        for act, *words in self.plan.pop(step, []):
            act(self, *words)


def follow(agent, events, operation, person):
    """Prints the operation's steps as the page hears of them; has the person answer when a dialog is open."""
    printed, version = set(), 0
    while True:
        event = events.wait_for(
            lambda e: e["event"] == "operation.changed"
            and e["operation"]["id"] == operation["id"]
            and e["operation"]["version"] > version,
            60,
        )
        seen = event["operation"]
        version = seen["version"]
        step = seen["step"]
        if step["index"] not in printed and seen["state"] not in OVER:
            printed.add(step["index"])
            say(f"  {step['index']:2}/{step['count']}  {step['title']}")
        if seen["state"] == "waiting-user":
            person.sits_before(step["name"])
        if seen["state"] in OVER:
            return agent.operation(operation["id"])


def perform_kind(agent, dialogs, kind, plan, ticket=None, wanted="done"):
    """One operation from the page's click to its end."""
    say(f"  POST https://127.0.0.1:27510/v1/operations {{\"kind\": \"{kind}\"}}   Origin: {agent.origin}", "dim")
    events = agent.events()
    operation = follow(agent, events, agent.start_operation(kind, ticket), Person(dialogs, plan))
    events.close()
    if operation["state"] != wanted:
        raise ScenarioError(f"{kind}: {operation['state']}: {operation['error']}")
    return operation


def prove_certificates(world, card, before, after):
    algorithm = card.person.algorithm
    issuer, root = world.portal.issuer(algorithm)[0], world.portal.root(algorithm)
    for usage, old in before.items():
        new = after[usage]
        claim(openssl.verify(new, issuer)[0], f"openssl verify: the {usage} certificate is signed by the issuing CA")
        claim(openssl.subject(new) == openssl.subject(old), f"same holder: {openssl.subject(new)}")
        claim(
            openssl.end_date(new) > openssl.end_date(old),
            f"later end: {openssl.end_date(old):%Y-%m-%d} → {openssl.end_date(new):%Y-%m-%d}",
        )
    claim(openssl.verify(issuer, root)[0], "openssl verify: the issuing CA is signed by the root CA")


def prove_keys(world, card, key, before, after, ciphertext):
    same = openssl.public_key(before["sign"]) == openssl.public_key(after["sign"])
    claim(same == (key == "keep"), "the key pair is the same" if same else "the key pair is a new one")
    claim(
        card.decrypt(before[card.family.decrypts_with], ciphertext) == SECRET,
        "what was enciphered to the OLD certificate can still be deciphered by the key",
    )
    states = {c["serial_number"].lstrip("0"): c["status"] for c in world.portal.certificates(card)}
    for files, state, text in ((after, "active", "the new certificates are active"),
                               (before, "revoked", "the old ones are revoked")):
        numbers = [openssl.serial(path).lstrip("0") for path in files.values()]
        claim({states[number] for number in numbers} == {state}, f"platform: {text}")


def renew(world, agent, dialogs, card, key, pin):
    """One renewal, from the platform's page to the proof. The certificates afterwards."""
    old = card.container()
    say(f"The key before, serial {card.serial}:")
    before = show_certificates(world, agent, card, "before", old["name"])
    ciphertext = openssl.encrypt(before[card.family.decrypts_with], SECRET)
    say("  (a file key was enciphered to this certificate, to be opened afterwards)", "dim")

    order = world.portal.order(card, key=key)
    ticket = world.portal.ticket(order)
    say(f"\nOrder {order} is paid and approved. The page has a one-time ticket and calls the agent:")
    operation = perform_kind(agent, dialogs, "renew", {"ask": [(Person.type, pin)]}, ticket)
    result = operation["result"]
    say(f"\n  {operation['message']}", "good")
    say(f"  ({result['key_commands']} commands to the key)\n", "dim")

    say(f"The key after, serial {card.serial}:")
    after = show_certificates(world, agent, card, "after", result["container"])
    if key == "replace":
        say("  and the old pair, for what was enciphered to it:")
        (kept,) = [c for c in card.show()["containers"] if c["sign_cert"] == old["sign_cert"]]
        show_certificates(world, agent, card, "kept", kept["name"])
    say("\nChecked with the openssl command on the certificates read back from the key:")
    prove_certificates(world, card, before, after)
    prove_keys(world, card, key, before, after, ciphertext)
    return after


# ---- the seal ----


def show_seal(agent):
    """Prints the key's seal as the page sees it."""
    (seal,) = agent.token()["seals"]
    bound = "bound to the present certificate" if seal["bound"] else "NOT bound to the present certificate"
    say(f"  file {seal['file']}: {seal['name']}, V{seal['version']}, {seal['size']} bytes")
    say(f"        until {seal['valid_until']}, {bound}")
    return seal


def extend_seal(world, agent, dialogs, card, certificate, pin):
    say("The seal after the renewal:")
    before = show_seal(agent)
    (old,) = card.files().values()
    claim(not before["bound"], "the renewal left it behind: it still names the old certificate")
    say("\nThe page calls the agent with a ticket for this key:")
    ticket = world.portal.key_ticket(card, "extend-seal")
    operation = perform_kind(agent, dialogs, "extend-seal", {"ask": [(Person.type, pin)]}, ticket)
    say(f"\n  {operation['message']}", "good")
    say(f"  ({operation['result']['key_commands']} commands to the key)\n", "dim")
    say("The seal now:")
    after = show_seal(agent)
    prove_seal(world, agent, card, certificate, old, before, after)


def prove_seal(world, agent, card, certificate, old, before, after):
    files = card.files()
    new = files[after["file"]]
    roots, sealed = world.case_folder / "roots.pem", world.case_folder / "extended.seal"
    roots.write_text(world.portal.roots.read_text() + world.portal.issuer("sm2")[0].read_text())
    sealed.write_bytes(new)
    say("\nChecked on the bytes that are on the key:")
    agent.ctl("seal", "verify", sealed, "--roots", roots, "--signer", certificate)
    claim(True, "ukeyctl seal verify: every check holds, with the new certificate as the signer")
    claim(after["bound"], "it is bound to the new certificate")
    claim(after["valid_until"] > before["valid_until"],
          f"later end: {before['valid_until'][:10]} → {after['valid_until'][:10]}")
    claim(seals.picture(new) == seals.picture(old), f"same picture, {len(seals.picture(new))} bytes")
    claim(len(files) == 1, "the old seal is gone from the key")


# ---- the PIN ----


def lock(agent, dialogs, card):
    tries = card.tries_left()
    say(f"The person has forgotten the PIN and guesses; {tries} tries are left:")
    wrong = (Person.type, "654321")
    plan = {"change": [wrong] * (tries - 1) + [(Person.agree,), wrong]}
    operation = perform_kind(agent, dialogs, "change-pin", plan, wanted="failed")
    say(f"\n  {operation['error']['title']}: {operation['error']['remedy']}", "bad")
    claim(card.tries_left() == 0, "the PIN is locked")


def reset_pin(world, agent, dialogs, card):
    say("\nThe person asks for a reset, which the platform's policy approves. The page calls the agent:")
    plan = {"ask": [(Person.agree,)], "offer": [(Person.refuse,)]}
    operation = perform_kind(agent, dialogs, "reset-pin", plan, world.portal.reset_ticket(card))
    say(f"\n  {operation['message']}", "good")
    tries = card.tries()
    claim(tries["left"] == tries["max"], f"all {tries['max']} tries are there again")
    claim(tries["default"], "the key itself says that its PIN is the initial one")
    log = agent.process.log_text()
    secrets = [secret for name, secret in card.person.secrets.items() if name != "management-algorithm"]
    claim(not any(secret in log for secret in secrets), "no secret of the administrator's stands in the agent's log")


def change_pin(agent, dialogs, card):
    say("\nThe initial PIN is known to others, so the person chooses a new one:")
    plan = {"change": [(Person.type, PIN), (Person.type_twice, NEW_PIN)]}
    operation = perform_kind(agent, dialogs, "change-pin", plan)
    say(f"\n  {operation['message']}", "good")
    claim(not card.tries()["default"], "the PIN is no longer the initial one")
    claim(NEW_PIN not in agent.process.log_text(), "it does not stand in the agent's log")


# ---- the manual ----


def sealed_card(world, family, **person):
    """A key as a bidder gets it: with a seal, and managed by the platform."""
    card = world.card(managed=True, plugged=False, profile=family.profiles[0], holder="张三",
                      organisation="阳光测试有限公司", **person)  # fmt: skip
    world.put_seal(card, png(family.picture_bytes))
    card.plug_in()
    return card


def perform(world, family):
    world.open_case()
    say("\n=== 1. CA延期续费, 沿用原密钥: the certificate renewed, the key pair kept ===\n", "head")
    dialogs = world.keep(RealDialogs())
    card = world.card(profile=family.profiles[0], holder="张三", organisation="阳光测试有限公司")
    renew(world, world.agent(dialogs), dialogs, card, "keep", PIN)
    world.close_case()

    world.open_case()
    say("\n=== 2. CA延期续费, 换发新密钥: on another key, the key pair replaced ===\n", "head")
    dialogs = world.keep(RealDialogs())
    card = sealed_card(world, family, pin=FORGOTTEN)
    agent = world.agent(dialogs)
    renewed = renew(world, agent, dialogs, card, "replace", FORGOTTEN)
    say("\n=== 3. CA签章延期: the renewed key's electronic seal extended ===\n", "head")
    extend_seal(world, agent, dialogs, card, renewed["sign"], FORGOTTEN)
    say("\n=== 4. CA锁密码重置: a PIN locked by wrong tries, reset, and changed ===\n", "head")
    lock(agent, dialogs, card)
    reset_pin(world, agent, dialogs, card)
    change_pin(agent, dialogs, card)
    world.close_case()
    say("\nThe whole manual was performed. Everything that was started has ended; nothing is left behind.", "good")


def run_inside(asked):
    namespaces.enter(asked.work)
    world = World(asked.bin, f"{asked.work}/w", f"{asked.work}/template", asked.vpcd)
    try:
        perform(world, FAMILIES[asked.key])
    except Exception as error:
        say(f"\nThe demo failed: {error}", "bad")
        say(world.logs())
        return 1
    finally:
        world.close()
    return 0


def main():
    parser = argparse.ArgumentParser(prog="./dev demo")
    parser.add_argument("--build", help=argparse.SUPPRESS)
    parser.add_argument("--vpcd", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--bin", help=argparse.SUPPRESS)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--browser", action="store_true", help="leave it running, for a browser")
    parser.add_argument("--key", choices=FAMILIES, default=GMT0017.name, help="the family of the key")
    asked = parser.parse_args()
    if asked.browser:
        return demo_browser.run_outside(asked)
    if asked.bin:
        return run_inside(asked)
    say("Starting a platform, pcscd with a virtual reader, a virtual key and the agent,\nin namespaces of their own; this script plays the page and the person.")
    with RunFolder(asked.build) as folder:
        make_template(folder.programs, folder.path / "template")
        command = [sys.executable, "-B", __file__, "--vpcd", asked.vpcd]
        command += ["--bin", str(folder.programs), "--work", str(folder.path), "--key", asked.key]
        return subprocess.run(namespaces.command_inside(command), check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
