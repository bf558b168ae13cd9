"""The unit tests of each build as jobs, counted by test function from cmocka's TAP output.

A function that skips itself counts as failed, unless it is listed here with the reason."""

import ctypes
import json
import os
import re
import subprocess
import time
from functools import partial
from tempfile import TemporaryDirectory

# build -> environment of its programs
BUILDS = {
    "dev": {},
    "sanitize": {
        "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:strict_string_checks=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    },
    "thread": {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"},
}
# ThreadSanitizer of this compiler can't place its shadow memory under full address randomisation.
WRAPPERS = {"thread": ["setarch", "-R"]}
LANDLOCK_CREATE_RULESET, LANDLOCK_VERSION = 444, 1


def landlock():
    """The version that the kernel has, asked apart from the programs that skip without it; 0: none."""
    return max(0, ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION))


def landlock_below(version):
    return lambda build: landlock() < version


# Why, and whether it may in this build on this computer.
MAY_SKIP = {
    "base/secret: without_locked_memory_there_is_no_secret": (
        "the sanitizers turn mlock() off",
        lambda build: build in ("sanitize", "thread"),
    ),
    "agent/web/web: test_refuses_other_users": ("only root can be another user", lambda build: os.geteuid() != 0),
    "agent/sandbox/sandbox: it_fails_closed": ("no Landlock here", landlock_below(1)),
    "agent/sandbox/sandbox_files: each_file_has_its_answer": ("Landlock below 3 here", landlock_below(3)),
    "agent/sandbox/sandbox_files: only_its_ports_can_be_taken": ("Landlock below 4 here", landlock_below(4)),
    "agent/sandbox/sandbox_files: abstract_names_are_closed": ("Landlock below 6 here", landlock_below(6)),
    "agent/sandbox/sandbox_files: other_processes_get_no_signals": ("Landlock below 6 here", landlock_below(6)),
    "agent/sandbox/sandbox_trial: who_can_not_be_shut_in_is_told": ("no Landlock here", landlock_below(1)),
}
RESULT = re.compile(r"^(ok|not ok) \d+ (- |# SKIP )(\S+)", re.MULTILINE)
PLAN = re.compile(r"^1\.\.(\d+)$", re.MULTILINE)
TEST_SECONDS = 120


def chosen(tests, build, only):
    return [test for test in tests if only in f"unit/{test['name']} [{build}]"]


def builds_needed(builds, only):
    """Those to build beside build/dev; clang's is for its warnings."""
    tests = introspect(builds / "dev")
    needed = [name for name in BUILDS if name != "dev" and chosen(tests, name, only)]
    return needed + [name for name in ("clang",) if only in f"build/{name}"]


def jobs(builds, only):
    """Of a build that failed there is nothing to run; the build itself counts as failed."""
    found = []
    for build, env in BUILDS.items():
        if complete(builds / build):
            tests = introspect(builds / build)
            found += [partial(run_test, builds / build, env, test) for test in chosen(tests, build, only)]
    return found


def complete(build):
    """Whether there is nothing left to build."""
    done = subprocess.run(["ninja", "-n", "-C", build], capture_output=True, text=True, check=False)
    return done.returncode == 0 and "no work to do" in done.stdout


def introspect(build):
    done = subprocess.run(
        ["meson", "introspect", "--tests", str(build)], capture_output=True, check=True
    )
    return json.loads(done.stdout)


def may_skip(name, build):
    """Says so when it may."""
    reason, permits = MAY_SKIP.get(name, ("", lambda build: False))
    permitted = permits(build)
    if permitted:
        print(f"left out unit/{name} [{build}]: {reason}", flush=True)
    return permitted


def planned(output):
    return sum(map(int, PLAN.findall(output)))


def run_test(folder, env, test):
    """One program: a result for each of its test functions, and one more when it ends badly."""
    started = time.monotonic()
    label, build = f"unit/{test['name']}", folder.name
    environment = {**os.environ, **test["env"], **env, "CMOCKA_MESSAGE_OUTPUT": "TAP"}
    with TemporaryDirectory(prefix="ukeyd.", dir="/tmp") as scratch:
        try:
            done = subprocess.run(
                [*WRAPPERS.get(build, []), *test["cmd"]],
                cwd=test["workdir"] or folder,  # as meson does
                env={**environment, "TMPDIR": scratch},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=max(TEST_SECONDS, test["timeout"]),
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            return [(f"{label} [{build}]", f"not over within {late.timeout} s", None)]
    output = (done.stdout + done.stderr).decode("utf-8", "replace")
    found = [
        (f"{label}: {name} [{build}]", None if word == "ok" else output, None)
        for word, mark, name in RESULT.findall(output)
        if not (mark == "# SKIP " and may_skip(f"{test['name']}: {name}", build))
    ]
    failed_quietly = done.returncode != 0 and all(shown is None for _, shown, _ in found)
    if failed_quietly or not found or len(RESULT.findall(output)) != planned(output):
        seconds = time.monotonic() - started
        found.append((f"{label} [{build}]", f"exit {done.returncode}\n{output}", seconds))
    return found
