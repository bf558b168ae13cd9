"""The operations under every fault, as jobs: tests/fault/fault_matrix, scene by scene."""

import os
import re
import subprocess
import time
from functools import partial

SCENES = (
    "renew-kept-sm2",
    "renew-replaced-sm2",
    "renew-kept-rsa",
    "extend-seal",
    "reset-pin",
    "reset-pin-login",
    "change-pin",
)
# build -> how many commands, calls or writes apart the faults are, and its environment. With "full" the
# first has all of them; under a sanitizer each kind of fault strikes once a scene.
SAMPLED = {"dev": 23, "sanitize": 997}
ENVIRONMENT = {"sanitize": {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "halt_on_error=1"}}
SCENE_SECONDS = 3600
RESULT = re.compile(r"^(ok|not ok) \d+ - (\S+) # (\d+) cases, (\d+) survived, (\d+) lost", re.MULTILINE)


ORACLE = "fault/oracle: sees each thing that is spoiled"


def name_of(scene, build):
    return f"fault/{scene} [{build}]"


def builds_needed(only):
    return [build for build in SAMPLED if any(only in name_of(scene, build) for scene in SCENES)]


def jobs(builds, only, full):
    wanted = [(scene, build) for build in SAMPLED for scene in SCENES if only in name_of(scene, build)]
    oracle = builds / "dev/tests/fault/fault_oracle_test"
    return [partial(run_oracle, oracle)] * (only in ORACLE) + [
        partial(run_scene, builds / build, scene, 1 if full and build == "dev" else SAMPLED[build])
        for scene, build in wanted
        if (builds / build / "tests/fault/fault_matrix").exists()
    ]


def run_oracle(program):
    started = time.monotonic()
    done = subprocess.run(
        [program], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False
    )
    shown = None if done.returncode == 0 else done.stdout + done.stderr
    return [(ORACLE, shown, time.monotonic() - started)]


def run_scene(build, scene, stride):
    """A result for the scene; what survived is printed for each kind of fault when every n was tried."""
    started = time.monotonic()
    done = subprocess.run(
        [build / "tests/fault/fault_matrix", scene, str(stride)],
        env={**os.environ, **ENVIRONMENT.get(build.name, {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SCENE_SECONDS,
        check=False,
    )
    found = RESULT.findall(done.stdout)
    cases, survived, lost = (sum(int(line[i]) for line in found) for i in (2, 3, 4))
    if stride == 1:
        for _, kind, *numbers in found:
            print(f"       {scene} {kind}: {numbers[0]} cases, {numbers[1]} survived, {numbers[2]} lost")
    well = done.returncode == 0 and cases > 0 and lost == 0
    label = f"{name_of(scene, build.name)}: {cases} cases, {survived} survived, {lost} lost"
    return [(label, None if well else done.stdout + done.stderr, time.monotonic() - started)]
