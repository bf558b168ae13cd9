"""The operations under every fault, as jobs: tests/fault/fault_matrix, scene by scene; what the oracle sees; renewals
in a row."""

import os
import re
import subprocess
import threading
import time
from functools import partial

import unit

SCENES = (
    "renew-kept-sm2",
    "renew-replaced-sm2",
    "renew-kept-rsa",
    "renew-replaced-rsa",
    "extend-seal",
    "reset-pin",
    "reset-pin-login",
    "change-pin",
)
PIV_SCENES = (
    "renew-kept-piv",
    "renew-replaced-piv",
    "extend-seal-piv",
    "reset-pin-piv",
    "change-pin-piv",
)
# build -> how many commands, calls or writes apart the faults are. With "full" the first has all of them; under a
# sanitizer few kinds of fault strike in a scene.
SAMPLED = {"dev": 67, "sanitize": 1499, "thread": 2999}
ENVIRONMENT = {
    "sanitize": {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "halt_on_error=1"},
    "thread": {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"},
}
# What each build runs of it: sanitizers are slow, ThreadSanitizer most.
SCENES_OF = {
    "dev": SCENES + PIV_SCENES,
    "sanitize": (*SCENES, "renew-replaced-piv"),
    "thread": ("renew-replaced-sm2",),
}
# Renewals in a row by one agent: as many with "full", and in a sample.
SOAK = "fault/soak"
SOAK_COUNT = {True: 1000, False: 60}
SOAK_SECONDS = 3600
SCENE_SECONDS = 4 * 3600
RESULT = re.compile(r"^(ok|not ok) \d+ - (\S+) # (\d+) cases, (\d+) survived, (\d+) lost", re.MULTILINE)


# Tests of the machinery itself: name -> program.
OF_ORACLE = {
    "fault/oracle: sees each thing that is spoiled": "fault_oracle_test",
    "fault/oracle: sees each program with one thing wrong": "fault_mutant_test",
}
ORACLE_SECONDS = 900


def name_of(scene, build):
    return f"fault/{scene} [{build}]"


def builds_needed(only):
    return [build for build in SAMPLED if any(only in name_of(scene, build) for scene in scenes_of(build))]


def scenes_of(build):
    return SCENES_OF[build]


def jobs(builds, only, full):
    wanted = [
        (scene, build)
        for build in SAMPLED
        for scene in scenes_of(build)
        if only in name_of(scene, build) and (builds / build / "tests/fault/fault_matrix").exists()
    ]
    totals = Totals(sum(build == "dev" for _, build in wanted) if full else 0)
    return [
        partial(run_oracle, name, builds / "dev/tests/fault" / program)
        for name, program in OF_ORACLE.items()
        if only in name
    ] + [partial(run_soak, builds / "dev/tests/fault/fault_soak", SOAK_COUNT[full])] * (only in SOAK) + [
        partial(run_scene, builds / build, scene, 1 if full and build == "dev" else SAMPLED[build], totals)
        for scene, build in wanted
    ]


class Totals:
    """Of all scenes with every fault: printed when the last one is over."""

    def __init__(self, scenes):
        self.lock = threading.Lock()
        self.left = scenes
        self.numbers = [0, 0, 0]

    def add(self, numbers):
        with self.lock:
            self.left -= 1
            self.numbers = [a + b for a, b in zip(self.numbers, numbers)]
            if self.left == 0:
                cases, survived, lost = self.numbers
                print(f"       all scenes: {cases} cases, {survived} survived, {lost} lost", flush=True)


def run_oracle(name, program):
    started = time.monotonic()
    done = subprocess.run(
        [program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ORACLE_SECONDS,
        check=False,
    )
    shown = None if done.returncode == 0 else done.stdout + done.stderr
    return [(name, shown, time.monotonic() - started)]


def run_soak(program, count):
    """Printed with its seed: the same seed meets the same faults."""
    started = time.monotonic()
    seed = int.from_bytes(os.urandom(4), "big")
    done = subprocess.run(
        [program, str(seed), str(count)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SOAK_SECONDS,
        check=False,
    )
    lines = done.stdout.splitlines() or [f"seed {seed}: it ended with {done.returncode}"]
    shown = None if done.returncode == 0 else done.stdout + done.stderr
    return [(f"{SOAK}: {lines[-1]}", shown, time.monotonic() - started)]


def run_scene(build, scene, stride, totals):
    """A result for the scene; what survived is printed for each kind of fault when every n was tried."""
    started = time.monotonic()
    done = subprocess.run(
        [*unit.WRAPPERS.get(build.name, []), build / "tests/fault/fault_matrix", scene, str(stride)],
        env={**os.environ, **ENVIRONMENT.get(build.name, {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SCENE_SECONDS,
        check=False,
    )
    found = RESULT.findall(done.stdout)
    numbers = cases, survived, lost = [sum(int(line[i]) for line in found) for i in (2, 3, 4)]
    if stride == 1:
        for _, kind, *counted in found:
            print(f"       {scene} {kind}: {counted[0]} cases, {counted[1]} survived, {counted[2]} lost")
        totals.add(numbers)
    well = done.returncode == 0 and cases > 0 and lost == 0
    label = f"{name_of(scene, build.name)}: {cases} cases, {survived} survived, {lost} lost"
    return [(label, None if well else done.stdout + done.stderr, time.monotonic() - started)]
