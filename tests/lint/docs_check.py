#!/usr/bin/env python3
"""docs/api/errors.md is made from base/err_list.h, docs/api/doctor.md from agent/doctor/doctor_list.h: --write makes
them, the check compares. And each key of a file that a person writes stands in the file's man page."""

import re
import sys
from pathlib import Path

import doctor_list
import err_list

ERRORS_HEAD = """# Errors

Written by `./dev docs` from `base/err_list.h`; change it there.

Codes are stable: never renamed, never used for something else. A refusal is `application/problem+json` (RFC 9457) with
`code`, `title`, `detail` and `remedy`, in the language of `Accept-Language`. Kind: `RETRY`, the same again may succeed later;
`USER`, a person must do something first; `STOP`, this operation is over; `BUG`, the program is at fault.
"""

DOCTOR_HEAD = """# Findings of `ukeyctl doctor`

Written by `./dev docs` from `agent/doctor/doctor_list.h`; change it there.

Codes are stable. `ukeyctl --json doctor` prints `{"version", "healthy", "findings": [{"code", "title", "found", "cause", "remedy",
"fixable"}], "facts"}`, with `--fix` also `"fixed": [{"code", "done", "text"}]`; `found` is what was seen here and now, in English. Exit
status 0: nothing was found, 1: something was. What is only a consequence of another finding is left out. `--fix` may help where it is
marked.
"""


def errors_page(items):
    lines, section = [ERRORS_HEAD], None
    for item in items:
        if item.section != section:
            section = item.section
            lines += [f"## {section[0].upper()}{section[1:]}", ""]
            lines += ["| code | HTTP | kind | title | remedy |", "| --- | --- | --- | --- | --- |"]
        title = f"{item.zh}<br>{item.en}"
        remedy = f"{item.zh_remedy}<br>{item.en_remedy}"
        lines.append(f"| `{item.code}` | {item.http_status} | {item.kind} | {title} | {remedy} |")
    return joined(lines)


def doctor_page(items):
    lines, section = [DOCTOR_HEAD], None
    for item in items:
        if item.section != section:
            section = item.section
            lines += [f"## {section[0].upper()}{section[1:]}", ""]
            lines += ["| code | what | why | remedy |", "| --- | --- | --- | --- |"]
        code = f"`{item.code}`" + (" `--fix`" if item.fix == "FIX" else "")
        cells = (f"{item.zh}<br>{item.en}", f"{item.zh_cause}<br>{item.en_cause}", f"{item.zh_remedy}<br>{item.en_remedy}")
        lines.append(f"| {code} | {' | '.join(cells)} |")
    return joined(lines)


def joined(lines):
    text = "\n".join(lines) + "\n"
    return text.replace("\n## ", "\n\n## ").replace("\n\n\n## ", "\n\n## ")


# List -> its page, and what makes one of the other.
PAGES = {
    "base/err_list.h": ("docs/api/errors.md", lambda text: errors_page(err_list.read(text))),
    "agent/doctor/doctor_list.h": ("docs/api/doctor.md", lambda text: doctor_page(doctor_list.read(text))),
}


# A table of keys -> the page on which each has its entry.
FORMATS = {
    "agent/config_file.c": "docs/man/ukeyd.conf.5",
    "token/gmt0017/gmt0017_profile_file.c": "docs/man/ukeyd-profile.5",
}


def keys_without_entry(top):
    found = []
    for source, page in FORMATS.items():
        if not (top / source).exists():
            continue
        keys = re.findall(r'^    \{"(\w+)", (?:AT\(|offsetof\()', (top / source).read_text(), re.MULTILINE)
        entries = re.findall(r"^\.TP\n\.BR? (.*)$", (top / page).read_text(), re.MULTILINE)
        listed = set(re.findall(r"\w+", " ".join(entries)))
        found += [f"{source}: {key} has no entry in {page}" for key in keys if key not in listed]
        found += [f"{source}: no keys were found in it"] * (not keys)
    return found


def findings(top):
    found = keys_without_entry(Path(top))
    for source, (page, make) in PAGES.items():
        path = Path(top) / page
        if not path.exists() or path.read_text() != make((Path(top) / source).read_text()):
            found.append(f"{page}: is not what {source} makes of it: ./dev docs")
    return found


def write(top):
    for source, (page, make) in PAGES.items():
        (top / page).write_text(make((top / source).read_text()))


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    write(Path(__file__).resolve().parents[2])
