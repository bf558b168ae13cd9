#!/usr/bin/env python3
"""The source checks. Each is a function that gives a list of findings; each must find what its bad
samples in bad/ hold."""

import argparse
import sys
import time
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import banned_calls  # noqa: E402
import cppcheck_check  # noqa: E402
import docs_check  # noqa: E402
import format_check  # noqa: E402
import gcc_analyzer  # noqa: E402
import headers_compile  # noqa: E402
import include_rules  # noqa: E402
import js_check  # noqa: E402
import manual_check  # noqa: E402
import page_texts  # noqa: E402
import text_check  # noqa: E402
import threat_check  # noqa: E402
import tidy_check  # noqa: E402
import unit_per_source  # noqa: E402

TOP = HERE.parents[1]
CHECKS = (
    include_rules,
    banned_calls,
    text_check,
    page_texts,
    docs_check,
    unit_per_source,
    headers_compile,
    js_check,
    manual_check,
    threat_check,
    format_check,
    cppcheck_check,
    gcc_analyzer,
    tidy_check,
)


def self_test(check):
    """In the tree of samples the check must find the places that expected.txt lists, and no others."""
    samples = HERE / "bad" / check.__name__
    expected = set((samples / "expected.txt").read_text().split())
    found = {finding.split()[0].rstrip(":") for finding in check.findings(samples)}
    return [f"{samples.relative_to(TOP)}: {place} not found" for place in sorted(expected - found)] + [
        f"{samples.relative_to(TOP)}: {place} wrongly found" for place in sorted(found - expected)
    ]


def run(name, findings):
    """[(name, what to show or None, seconds)], as tests/run.py wants it."""
    started = time.monotonic()
    found = findings()
    return [(name, "\n".join(found) if found else None, time.monotonic() - started)]


def jobs(only, deep=False):
    """deep: what else looks at changed files only looks at all (docs/analysis.md)."""
    found = []
    tidy_check.deep = deep
    for check in CHECKS:
        for name, findings in (
            (f"lint/{check.__name__}", partial(check.findings, TOP)),
            (f"lint/{check.__name__} finds its bad samples", partial(self_test, check)),
        ):
            if only in name:
                found.append(partial(run, name, findings))
    return found


def main():
    parser = argparse.ArgumentParser(prog="./dev lint")
    parser.add_argument("--deep", action="store_true", help="clang-tidy on every file, not only on those that changed")
    failed = 0
    for job in jobs("", parser.parse_args().deep):
        for name, shown, seconds in job():
            print(f"{'ok    ' if shown is None else 'FAILED'} {name}  ({seconds:.1f} s)")
            if shown:
                print(shown)
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
