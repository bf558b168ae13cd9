"""The manual's pictures are there, small, and all used; the codes that it explains exist."""

import re
from pathlib import Path

import doctor_list
import err_list

MANUAL = "docs/manual.zh.md"
IMAGES = "docs/images"
IMAGE_BYTES_MAX = 120_000  # the manual is read over slow lines too
SDK_TYPES = "sdk/ukeyd.d.ts"
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)]+)\)")
CODE = re.compile(r"`([a-z]+(?:-[a-z]+)*)`")
SDK_CODE = re.compile(r'^ +\| "([a-z-]+)"', re.MULTILINE)


def pictures(top, text):
    """What is wrong with them."""
    used = {f"docs/{name}" for name in IMAGE.findall(text)}
    there = {path.relative_to(top).as_posix(): path.stat().st_size for path in (top / IMAGES).glob("*")}
    for name in sorted(used - set(there)):
        yield f"{MANUAL}: there is no {name}"
    for name in sorted(set(there) - used):
        yield f"{name}: the manual does not show it"
    for name, size in sorted(there.items()):
        if size > IMAGE_BYTES_MAX:
            yield f"{name}: {size} bytes, at most {IMAGE_BYTES_MAX}"


def known_codes(top):
    known = {item.code for item in err_list.read((top / "base/err_list.h").read_text())}
    findings = doctor_list.read((top / "agent/doctor/doctor_list.h").read_text())
    known |= {finding.code for finding in findings}
    return known | set(SDK_CODE.findall((top / SDK_TYPES).read_text()))


def codes(top, text):
    """The first column of the tables names codes and nothing else."""
    known = known_codes(top)
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("| `"):
            first = line.split("|")[1]
            yield from (f"{MANUAL}:{number}: {code} is no code" for code in CODE.findall(first) if code not in known)


def findings(top):
    top = Path(top)
    text = (top / MANUAL).read_text()
    return [*pictures(top, text), *codes(top, text)]
