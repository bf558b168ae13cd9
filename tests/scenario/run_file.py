"""Performs the cases of one scenario file in a world of its own.

For each case one JSON line on standard output: {"name", "ok", "seconds", "shown"}."""

import argparse
import importlib
import json
import os
import signal
import sys
import time

import namespaces
from cases import outcome
from world import World


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("file", help="such as test_renew")
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--template", required=True)
    parser.add_argument("--vpcd", required=True)
    parser.add_argument("--only", action="append", default=[], help="a part of a case's full name; all of them")
    parser.add_argument("--list", action="store_true", help="the cases' names, nothing is performed")
    return parser.parse_args()


def full_name(file, case):
    return f"scenario/{file.removeprefix('test_')}: {case.name}"


def perform(world, file, case):
    started = time.monotonic()
    shown = None
    try:
        world.open_case()
    except Exception as error:  # the world itself failed: this case's result says so
        shown = f"the world could not be prepared: {error}"
    shown = shown or outcome(case, world)
    if shown:
        shown += "\n" + world.logs()
    world.close_case()
    seconds = round(time.monotonic() - started, 1)
    line = {"name": full_name(file, case), "ok": not shown, "seconds": seconds, "shown": shown}
    print(json.dumps(line), flush=True)


def names(asked):
    cases = importlib.import_module(asked.file).suite.cases
    full = [full_name(asked.file, case) for case in cases]
    return [name for name in full if all(part in name for part in asked.only)]


def main():
    asked = arguments()
    if asked.list:
        print(json.dumps(names(asked)))
        return
    namespaces.enter(asked.work, asked.template, asked.bin)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    suite = importlib.import_module(asked.file).suite
    world = World(asked.bin, f"{asked.work}/{asked.file}", asked.template, asked.vpcd)
    try:
        for case in suite.cases:
            if all(part in full_name(asked.file, case) for part in asked.only):
                perform(world, asked.file, case)
    finally:
        world.close()


if __name__ == "__main__":
    os.umask(0o077)
    main()
