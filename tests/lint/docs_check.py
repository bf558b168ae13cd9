#!/usr/bin/env python3
"""docs/api/errors.md is made from base/err_list.h: --write makes it, the check compares."""

import sys
from pathlib import Path

from err_list import read

LIST, PAGE = "base/err_list.h", "docs/api/errors.md"
HEAD = """# Errors

Written by `./dev docs` from `base/err_list.h`; change it there.

Codes are stable: never renamed, never used for something else. A refusal is `application/problem+json` (RFC 9457) with
`code`, `title`, `detail` and `remedy`, in the language of `Accept-Language`. Kind: `RETRY`, the same again may succeed later;
`USER`, a person must do something first; `STOP`, this operation is over; `BUG`, the program is at fault.
"""


def page(items):
    lines, section = [HEAD], None
    for item in items:
        if item.section != section:
            section = item.section
            lines += [f"## {section[0].upper()}{section[1:]}", ""]
            lines += ["| code | HTTP | kind | title | remedy |", "| --- | --- | --- | --- | --- |"]
        title = f"{item.zh}<br>{item.en}"
        remedy = f"{item.zh_remedy}<br>{item.en_remedy}"
        lines.append(f"| `{item.code}` | {item.http_status} | {item.kind} | {title} | {remedy} |")
    text = "\n".join(lines) + "\n"
    return text.replace("\n## ", "\n\n## ").replace("\n\n\n## ", "\n\n## ")


def wanted(top):
    return page(read((Path(top) / LIST).read_text()))


def findings(top):
    path = Path(top) / PAGE
    if not path.exists() or path.read_text() != wanted(top):
        return [f"{PAGE}: is not what {LIST} makes of it: ./dev docs"]
    return []


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    TOP = Path(__file__).resolve().parents[2]
    (TOP / PAGE).write_text(wanted(TOP))
