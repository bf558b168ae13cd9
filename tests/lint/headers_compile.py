"""Each header compiles alone."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from sources import files

PACKAGES = ("libcrypto", "libcjson", "sqlite3", "libcurl", "libpcsclite", "libmicrohttpd", "inih", "libsystemd")
# Included where a macro is defined first, so it can't stand alone.
LISTS = ("base/err_list.h", "agent/doctor/doctor_list.h")


@cache
def flags():
    done = subprocess.run(["pkg-config", "--cflags", *PACKAGES], capture_output=True, text=True, check=True)
    return ["-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", *done.stdout.split()]


def finding(top, name):
    done = subprocess.run(
        ["gcc", "-fsyntax-only", *flags(), "-I", ".", "-x", "c", "-include", name, "/dev/null"],
        cwd=top,
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else f"{name}: does not compile alone\n{done.stderr[:1000]}"


def findings(top):
    names = [name for name in files(top, ".h") if name not in LISTS]
    with ThreadPoolExecutor(2) as pool:
        return [found for found in pool.map(lambda name: finding(Path(top), name), names) if found]
