"""A Debian 12 of its own under build/, to install packages in: made once by debootstrap from the mirror that
apt is set up with, then thrown-away copies of it."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
SUITE = "bookworm"
# What the packages depend on, so that installing them needs no network; then what the test itself uses.
DEPENDENCIES = (
    "pcscd libccid pinentry-qt libnss3-tools vsmartcard-vpcd libcurl4 libcjson1 libinih1 libmicrohttpd12 libwslay1"
    " libsqlite3-0 libsystemd0 init-system-helpers"
).split()
TESTS_USE = (
    "systemd dbus-user-session python3 openssl curl xvfb xdotool chromium firefox-esr autopkgtest"
).split()
STAMP = "ukeyd-root"


def run(command, **more):
    return subprocess.run([str(word) for word in command], check=True, **more)


def mirror():
    """The address that apt takes this release's packages from."""
    fields = "$(REPO_URI) $(CODENAME) $(COMPONENT)"
    lines = subprocess.run(
        ["apt-get", "indextargets", "--format", fields, "Created-By: Packages"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    for line in lines:
        address, suite, component = line.split()
        if (suite, component) == (SUITE, "main"):
            return address
    raise SystemExit(f"apt has no source of {SUITE} main")


def wanted():
    """Changes when the root must be made anew."""
    words = [SUITE, *DEPENDENCIES, *TESTS_USE]
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def ensure(folder):
    """The root; it is made when it is not there, or not the wanted one."""
    folder = Path(folder)
    stamp = folder / STAMP
    if stamp.exists() and stamp.read_text() == wanted():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    half = folder.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    print(f"making {folder}, once", flush=True)
    run(["debootstrap", "--variant=minbase", SUITE, half, mirror()], stdout=subprocess.DEVNULL)
    (half / "etc/apt/sources.list").write_text(f"deb {mirror()} {SUITE} main\n")
    shutil.copy("/etc/resolv.conf", half / "etc/resolv.conf")
    # Nothing is started while packages are installed: there is no init yet.
    policy = half / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    packages = " ".join((*DEPENDENCIES, *TESTS_USE))
    install = (
        f"mount -t proc proc {half}/proc && export DEBIAN_FRONTEND=noninteractive && chroot {half} sh -euc '"
        f"apt-get -qq update; apt-get -qq -y --no-install-recommends install {packages}; apt-get clean'"
    )
    with (folder.parent / "root.log").open("wb") as log:
        run(["unshare", "-m", "--propagation", "private", "sh", "-euc", install], stdout=log, stderr=log)
    (half / STAMP).write_text(wanted())
    half.rename(folder)
    return folder


def enter(root, command):
    """Runs a command as a service of a copy of the root that nobody sees afterwards, and prints what it prints; its
    exit status. The copy is booted with systemd. The command's words hold nothing that systemd would read."""
    scratch = Path(tempfile.mkdtemp(prefix="ukeyd-root."))
    words = ["unshare", "-mpnuiC", "--propagation", "private", "--fork", "--kill-child"]
    log = scratch / "share/log"
    log.parent.mkdir()
    log.touch()
    cgroup = new_cgroup()
    try:
        with subprocess.Popen(
            [*words, str(HERE / "inside"), str(root), str(scratch), str(TOP), *map(str, command)],
            preexec_fn=lambda: (cgroup / "cgroup.procs").write_text("0"),
        ) as system, log.open("rb") as printed:
            show_until_ended(system, printed)
        return system.returncode
    finally:
        for folder in [*(path for path, _, _ in os.walk(cgroup, topdown=False))]:
            os.rmdir(folder)
        shutil.rmtree(scratch, ignore_errors=True)


def show_until_ended(system, printed):
    ended = False
    while not ended:
        ended = system.poll() is not None
        sys.stdout.buffer.write(printed.read())
        sys.stdout.buffer.flush()
        if not ended:
            time.sleep(0.1)


def new_cgroup():
    """An empty control group: systemd --user wants to be alone in one."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, _ = line.split(maxsplit=3)
        if kind == "cgroup2":
            made = Path(tempfile.mkdtemp(prefix="ukeyd-root.", dir=place))
            made.chmod(0o755)
            return made
    raise SystemExit("no cgroup2 is mounted")
