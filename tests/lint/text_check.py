"""Every error and every finding of the doctor has a stable code of its own and says in both languages what happened,
a finding also why, and what to do."""

import re
from pathlib import Path

import doctor_list
import err_list

LISTS = {"base/err_list.h": err_list.read, "agent/doctor/doctor_list.h": doctor_list.read}
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
HAN = re.compile(r"[\u4e00-\u9fff]")
KINDS = ("RETRY", "USER", "STOP", "BUG")
FIXES = ("FIX", "NO")


def wrong_with_error(item):
    if item.kind not in KINDS:
        yield f"the kind {item.kind!r} is none of {', '.join(KINDS)}"
    if not item.http_status.isdigit() or not 200 <= int(item.http_status) < 600:
        yield f"the HTTP status {item.http_status!r} is none"


def wrong_with_finding(item):
    if item.fix not in FIXES:
        yield f"{item.fix!r} is none of {', '.join(FIXES)}"
    if not re.search(r"[。！？]$", item.zh_cause) or not re.search(r"[.!?]$", item.en_cause):
        yield "a cause is a sentence"


def wrong_with(item):
    if not CODE.fullmatch(item.code):
        yield f"the code {item.code!r} is not lower-case words with hyphens"
    yield from wrong_with_error(item) if isinstance(item, err_list.Item) else wrong_with_finding(item)
    for column in [name for name in vars(item) if name.startswith("zh")]:
        if not HAN.search(getattr(item, column)):
            yield f"{column} is not Chinese: {getattr(item, column)!r}"
    for column in [name for name in vars(item) if name.startswith("en")]:
        text = getattr(item, column)
        if not re.search("[A-Za-z]", text):
            yield f"{column} is empty"
    if not re.search(r"[。！？]$", item.zh_remedy) or not re.search(r"[.!?]$", item.en_remedy):
        yield "a remedy is a sentence"


def findings(top):
    return [line for name, read in LISTS.items() for line in in_list(top, name, read)]


def in_list(top, name, read):
    found, seen = [], {}
    path = Path(top) / name
    for item in read(path.read_text()) if path.exists() else []:
        found += [f"{name}:{item.line}: {item.name}: {wrong}" for wrong in wrong_with(item)]
        for key in (item.name, item.code):
            if key in seen:
                found.append(f"{name}:{item.line}: {key} stands in line {seen[key]} already")
            seen[key] = item.line
    return found
