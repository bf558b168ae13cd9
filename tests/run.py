#!/usr/bin/env python3
"""Runs everything that ./dev test promises; the last line reads "N passed, N failed"."""

import argparse
import os
import signal
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS / folder) for folder in ("lint", "scenario", "browser", "fault", "../installer")]

import browser  # noqa: E402
import faults  # noqa: E402
import lint  # noqa: E402
import package  # noqa: E402
import scenarios  # noqa: E402
import unit  # noqa: E402
from run_folder import RunFolder  # noqa: E402

WIDTH = 3  # tests at once: they wait more than they compute


class Tally:
    """Prints each result as it comes, counts them, and repeats the failures at the end."""

    def __init__(self):
        self.passed = 0
        self.failed = []

    def add(self, name, shown, seconds=None):
        """shown: None when it passed, else what went wrong."""
        time = f"  ({seconds:.1f} s)" if seconds is not None and seconds >= 0.1 else ""
        print(f"{'ok    ' if shown is None else 'FAILED'} {name}{time}", flush=True)
        if shown is None:
            self.passed += 1
            return
        print(shown.rstrip(), flush=True)
        self.failed.append(name)

    def finish(self):
        for name in self.failed:
            print(f"FAILED {name}")
        print(f"{self.passed} passed, {len(self.failed)} failed", flush=True)
        return 1 if self.failed or not self.passed else 0


def guarded(job):
    """A job that breaks is a failure like another."""
    try:
        return job()
    except Exception:
        return [(f"the test runner ({job.args})", traceback.format_exc(), None)]


def perform(jobs, tally):
    """jobs: partial functions that give [(name, shown, seconds)]."""
    pool = ThreadPoolExecutor(WIDTH)
    try:
        for results in pool.map(guarded, jobs):
            for result in results:
                tally.add(*result)
    except BaseException:  # Ctrl-C or SIGTERM: nothing more is started, what runs is ended
        pool.shutdown(wait=False, cancel_futures=True)
        end_children()
        raise
    pool.shutdown()


def end_children():
    """What a world's processes are inside of goes with them."""
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            os.kill(int(pid), signal.SIGKILL)


def build(name):
    """A further build of ./dev, as a result like another."""
    started = time.monotonic()
    done = subprocess.run(
        [TESTS.parent / "dev", "build", name], capture_output=True, text=True, check=False
    )
    shown = None if done.returncode == 0 else done.stderr
    return [(f"build/{name}", shown, time.monotonic() - started)]


def main():
    parser = argparse.ArgumentParser(prog="./dev test")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--vpcd", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--deep", action="store_true", help="as of ./dev lint")
    parser.add_argument("--only", default="", metavar="PATTERN", help="a part of a test's name")
    parser.add_argument("--faults", choices=("sample", "full"), default="sample", help="how many faults strike")
    asked = parser.parse_args()
    tally = Tally()
    with RunFolder(asked.build) as folder:
        builds = Path(asked.build).parent
        perform(lint.jobs(asked.only, asked.deep), tally)
        needed = {*unit.builds_needed(builds, asked.only), *faults.builds_needed(asked.only)} - {"dev"}
        for name in sorted(needed):
            perform([partial(build, name)], tally)
        perform(unit.jobs(builds, asked.only), tally)
        perform(faults.jobs(builds, asked.only, asked.faults == "full"), tally)
        worlds = [*scenarios.jobs(folder, asked.vpcd, asked.only, asked.faults == "full"), *browser.jobs(folder, asked.vpcd, asked.only)]
        perform([*package.jobs(asked.only), *worlds], tally)
    return tally.finish()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
