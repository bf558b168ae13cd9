#!/usr/bin/env python3
"""A pinentry that does what a plan says, for tests.

Beside the script, or beside a symlink to it through which it is started, lie two files:

  plan  one line per dialog, taken off as the dialog opens:
          pin 123456          the person types this PIN (may be empty) and clicks OK
          new-pin 654321      the person types this PIN twice, in one dialog; where a quality bar was asked for,
                              each key stroke asks for the quality, escaped as pinentry 1.2 does
          new-pin-raw 654321  the same, and nothing is escaped
          simple REST         this pinentry knows neither a second entry nor a quality bar
          ok | not-ok         the answer to a confirmation; the person reads it first
          fast ANSWER         the same answer at once
          cancel | timeout    the person cancels; the dialog's own time-out
          error N             any error code
          die                 the process ends without an answer
          hang                no answer, ever; SIGTERM ends it
          stubborn            no answer, and SIGTERM is ignored
          person 123456       from now on a person sits there: this PIN, OK to every question, and no new PIN
          slow SECONDS REST   REST after so many seconds
          held REST           REST as soon as a file "go" lies beside the plan
          raw TEXT            TEXT is sent as it is; \\n is a line feed
  log   gets every line that came in. The PIN never stands there.

A "pin" is typed once only: asked for a new PIN, the agent opens a second dialog, which takes a line of its own.

A dialog without a plan is cancelled, so that no test spends a PIN try by accident.
"""

import fcntl
import os
import signal
import sys
import time

FOLDER = os.path.dirname(os.path.abspath(sys.argv[0]))
TEXTS = {}  # what the dialog shows, by command
NEW_PIN_COMMANDS = ("SETREPEAT", "SETREPEATERROR", "SETQUALITYBAR", "SETQUALITYBAR_TT")
READ_SECONDS = 0.6  # a yes that comes sooner does not count: PROMPT_READ_MS
ERRORS = {"cancel": 83886179, "timeout": 83886142, "not-ok": 83886194}


def log(line):
    with open(os.path.join(FOLDER, "log"), "a", encoding="utf-8") as file:
        file.write(line + "\n")


def send(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def escape(text):
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_typed(text):
    """As pinentry 1.2 does in an inquiry: a blank becomes '+', and '%' stays."""
    return "".join("%%%02X" % ord(c) if c < " " or c == "+" else "+" if c == " " else c for c in text)


def ask_quality(typed):
    send(f"INQUIRE QUALITY {typed}\n")
    for line in sys.stdin:
        log(line.rstrip("\n"))
        if line == "END\n":
            return


def new_pin(pin, escape_prefix):
    if "SETQUALITYBAR" in TEXTS:
        for length in range(1, len(pin) + 1):
            ask_quality(escape_prefix(pin[:length]))
    repeated = "S PIN_REPEATED\n" if "SETREPEAT" in TEXTS else ""
    send(f"{repeated}D {escape(pin)}\nOK\n")


def peek_plan():
    try:
        with open(os.path.join(FOLDER, "plan"), encoding="utf-8") as file:
            return file.readline()
    except FileNotFoundError:
        return ""


def next_plan():
    """Takes the first line off the plan."""
    try:
        with open(os.path.join(FOLDER, "plan"), "r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            lines = file.read().splitlines()
            if lines and lines[0].startswith("person "):
                return lines[0]
            file.seek(0)
            file.truncate()
            file.write("".join(line + "\n" for line in lines[1:]))
            return lines[0] if lines else "cancel"
    except FileNotFoundError:
        return "cancel"


def wait_for_ever():
    while True:
        time.sleep(3600)


def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wait_for_ever()


def confirm(plan):
    word, _, rest = plan.partition(" ")
    if word == "fast":
        return answer(rest)
    time.sleep(READ_SECONDS if word in ("ok", "pin", "person") else 0)
    return answer(plan)


def answer(plan):
    word, _, rest = plan.partition(" ")
    if word == "slow":
        seconds, _, then = rest.partition(" ")
        time.sleep(float(seconds))
        return answer(then)
    if word == "held":
        while not os.path.exists(os.path.join(FOLDER, "go")):
            time.sleep(0.01)
        return answer(rest)
    if word == "simple":
        return answer(rest)
    if word == "new-pin":
        return new_pin(rest, escape_typed)
    if word == "new-pin-raw":
        return new_pin(rest, str)
    if word == "person":
        return answer("cancel" if "SETREPEAT" in TEXTS else f"pin {rest}")
    if word == "pin":
        return send(f"D {escape(rest)}\nOK\n" if rest else "OK\n")
    if word == "ok":
        return send("OK\n")
    if word in ERRORS:
        return send(f"ERR {ERRORS[word]} fake <Pinentry>\n")
    if word == "error":
        return send(f"ERR {int(rest)} fake <Pinentry>\n")
    if word == "raw":
        return send(rest.replace("\\n", "\n"))
    return {"die": lambda: os._exit(1), "hang": wait_for_ever, "stubborn": stubborn}[word]()


ASKING = {"GETPIN": answer, "CONFIRM": confirm}


def main():
    send("OK Pleased to meet you, process %d\n" % os.getpid())
    for line in sys.stdin:
        line = line.rstrip("\n")
        command, _, argument = line.partition(" ")
        plan = next_plan() if command in ASKING else None  # before the log tells of a dialog
        log(line)
        if command == "BYE":
            send("OK closing connection\n")
            return
        if command in ASKING:
            ASKING[command](plan)
        elif line.startswith("OPTION no-such"):
            send("ERR 83886254 Unknown option <Pinentry>\n")
        elif command in NEW_PIN_COMMANDS and peek_plan().startswith("simple "):
            send("ERR 536871187 Unknown IPC command <User defined source 1>\n")
        elif command != "END":
            TEXTS[command] = argument
            send("OK\n")


if __name__ == "__main__":
    main()
