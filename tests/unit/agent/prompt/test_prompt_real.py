#!/usr/bin/env python3
"""A new PIN typed into the real pinentry-gtk-2, as a person does. Arguments: the program ask_new_pin, and the
folder of real_pinentry.py. Ends with 77 (skipped) where a program that it needs is missing."""

import shutil
import subprocess
import sys

ASK, FOLDER = sys.argv[1:]
PINENTRY = "/usr/bin/pinentry-gtk-2"
SECONDS = 30

sys.path.insert(0, FOLDER)
from real_pinentry import Display  # noqa: E402


def ask(display, answer):
    """What ask_new_pin prints while answer(display) is the person."""
    with subprocess.Popen([ASK, PINENTRY], env=display.env(), stdout=subprocess.PIPE, text=True) as asking:
        try:
            answer(display)
            return asking.communicate(timeout=SECONDS)[0].strip()
        finally:
            asking.kill()


def differ_then_cancel(display):
    """Return leaves a dialog open whose entries differ."""
    display.type_twice("654321", "654322")
    display.press("Return")
    assert display.window(), "the dialog took two PINs that differ"
    display.press("Escape")


CASES = (
    ("the_same_twice", lambda d: d.type_new_pin("654321"), "654321, judged 6 times"),
    ("what_is_escaped_on_the_way", lambda d: d.type_new_pin("6+5 4%21"), "6+5 4%21, judged 8 times"),
    ("different_ones_then_escape", differ_then_cancel, "prompt-cancelled"),
)


def main():
    if not all(map(shutil.which, ("Xvfb", "xdotool", PINENTRY))):
        sys.exit(77)
    print(f"1..{len(CASES)}")
    failed = 0
    with Display() as display:
        for number, (name, answer, wanted) in enumerate(CASES, 1):
            got = ask(display, answer)
            failed += got != wanted
            print(f"ok {number} - {name}" if got == wanted
                  else f"not ok {number} - {name}\n# {got!r}, not {wanted!r}")
    sys.exit(failed > 0)


main()
