#!/usr/bin/env python3
"""./dev demo: a certificate on a virtual UKey renewed as a user would do it, shown step by step.

Everything is real but the key: pcscd, the platform with its CA, the agent with its HTTPS API, the PIN
dialog on a screen of its own. The key is ukey-sim, which pcscd sees through Debian's virtual reader."""

import argparse
import subprocess
import sys

import namespaces
import openssl
from agent import OVER
from card import PIN
from portal import make_template
from processes import ScenarioError
from real_dialogs import RealDialogs
from run_folder import RunFolder
from world import World

SECRET = "投标文件的对称密钥".encode()
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


def show_certificates(world, agent, name, container):
    """Prints a container's certificates as `ukeyctl cert export` reads them from the key; their files."""
    say(f"  container {container}")
    files = {}
    for usage, title in (("sign", "签名证书 signing   "), ("encrypt", "加密证书 encryption")):
        words = ["cert", "export", "--usage", usage, "--container", container]
        path = files[usage] = world.case_folder / f"{name}-{usage}.pem"
        path.write_bytes(agent.ctl(*words).stdout)
        say(f"    {title}  {openssl.subject(path)}")
        say(f"        number {openssl.serial(path)}, until {openssl.end_date(path):%Y-%m-%d %H:%M} UTC")
    return files


def follow(agent, events, operation, dialogs):
    """Prints the operation's steps as the page hears of them; types the PIN when the dialog is open."""
    printed, typed, version = set(), False, 0
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
        if seen["state"] == "waiting-user" and not typed:
            typed = True
            dialogs.answer_pin(PIN)
            say(f"         ({PIN} was typed into pinentry-gtk-2, key by key, as a user would)", "dim")
        if seen["state"] in OVER:
            return agent.operation(operation["id"])


def prove_certificates(world, before, after):
    issuer, root = world.portal.issuer("sm2")[0], world.portal.root("sm2")
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
        card.decrypt(before["encrypt"], ciphertext) == SECRET,
        "what was enciphered to the OLD encryption certificate can still be deciphered by the key",
    )
    states = {c["serial_number"].lstrip("0"): c["status"] for c in world.portal.certificates(card)}
    for files, state, text in ((after, "active", "the new certificates are active"),
                               (before, "revoked", "the old ones are revoked")):
        numbers = [openssl.serial(path).lstrip("0") for path in files.values()]
        claim({states[number] for number in numbers} == {state}, f"platform: {text}")


def renew(world, card, key):
    """One renewal, from the platform's page to the proof."""
    dialogs = world.keep(RealDialogs())
    agent = world.agent(dialogs)
    old = card.container()["name"]
    say(f"The key before, serial {card.serial}:")
    before = show_certificates(world, agent, "before", old)
    ciphertext = openssl.encrypt(before["encrypt"], SECRET)
    say("  (a file key was enciphered to this encryption certificate, to be opened afterwards)", "dim")

    order = world.portal.order(card, key=key)
    ticket = world.portal.ticket(order)
    say(f"\nOrder {order} is paid and approved. The page has a one-time ticket and calls the agent:")
    say(f"  POST https://127.0.0.1:27510/v1/operations   Origin: {agent.origin}", "dim")
    events = agent.events()
    operation = follow(agent, events, agent.start_operation("renew", ticket), dialogs)
    events.close()
    if operation["state"] != "done":
        raise ScenarioError(f"{operation['state']}: {operation['error']}")
    result = operation["result"]
    say(f"\n  {operation['message']}", "good")
    say(f"  ({result['key_commands']} commands to the key)\n", "dim")

    say(f"The key after, serial {card.serial}:")
    after = show_certificates(world, agent, "after", result["container"])
    if key == "replace":
        say("  and, untouched, the old pair for what was enciphered to it:")
        show_certificates(world, agent, "kept", old)
    say("\nChecked with the openssl command on the certificates read back from the key:")
    prove_certificates(world, before, after)
    prove_keys(world, card, key, before, after, ciphertext)


def perform(world):
    for number, (key, title) in enumerate(
        (("keep", "沿用原密钥: the key pair is kept"), ("replace", "换发新密钥: the key pair is replaced")), 1
    ):
        world.open_case()
        say(f"\n=== {number}. {title} ===\n", "head")
        card = world.card(holder="张三", organisation="阳光测试有限公司")
        renew(world, card, key)
        world.close_case()
    say("\nBoth renewals succeeded. Everything that was started has ended; nothing is left behind.", "good")


def run_inside(asked):
    namespaces.enter(asked.work)
    world = World(asked.bin, f"{asked.work}/w", f"{asked.work}/template", asked.vpcd)
    try:
        perform(world)
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
    asked = parser.parse_args()
    if asked.bin:
        return run_inside(asked)
    say("Starting a platform, pcscd with a virtual reader, a virtual UKey and the agent,\nin namespaces of their own; this script plays the page and the person.")
    with RunFolder(asked.build) as folder:
        make_template(folder.programs, folder.path / "template")
        command = [sys.executable, "-B", __file__, "--vpcd", asked.vpcd]
        command += ["--bin", str(folder.programs), "--work", str(folder.path)]
        return subprocess.run(namespaces.command_inside(command), check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
