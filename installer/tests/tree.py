"""What is on a computer, file by file, so that before and after can be compared."""

import hashlib
import os
import stat
from pathlib import Path

# What dpkg, apt and the system write about themselves whatever is installed.
OWN_BOOKS = (
    "/dev",
    "/etc/group-",  # what stood there before the last change
    "/etc/gshadow-",
    "/etc/passwd-",
    "/etc/shadow-",
    "/etc/subgid-",
    "/etc/subuid-",
    "/proc",
    "/run",
    "/src",  # where root.py shows the source tree
    "/sys",
    "/tmp",
    "/var/cache",
    "/var/lib/apt",
    "/var/lib/dpkg",
    "/var/log",
    "/var/tmp",
)


def look(top="/", left_out=()):
    """{path: (kind and mode, owner, what is in it)}. Folders' times are left out, for everything that comes
    and goes in them changes these."""
    skipped = {*OWN_BOOKS, *left_out}
    found = {}
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in skipped]
        for name in (*folders, *names):
            path = os.path.join(folder, name)
            if path not in skipped:
                found[path] = describe(path)
    return found


def describe(path):
    status = os.lstat(path)
    content = ""
    if stat.S_ISLNK(status.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(status.st_mode):
        content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return oct(status.st_mode), f"{status.st_uid}:{status.st_gid}", content


def differences(before, after):
    """Lines for people; none when nothing differs."""
    lines = [f"left behind: {path}" for path in sorted(after.keys() - before.keys())]
    lines += [f"gone: {path}" for path in sorted(before.keys() - after.keys())]
    for path in sorted(before.keys() & after.keys()):
        if before[path] != after[path]:
            lines.append(f"changed: {path}: {before[path]} -> {after[path]}")
    return lines
