"""Every error has a stable code of its own and says in both languages what happened and what to do."""

import re
from pathlib import Path

from err_list import read

LIST = "base/err_list.h"
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
HAN = re.compile(r"[\u4e00-\u9fff]")
KINDS = ("RETRY", "USER", "STOP", "BUG")


def wrong_with(item):
    if not CODE.fullmatch(item.code):
        yield f"the code {item.code!r} is not lower-case words with hyphens"
    if item.kind not in KINDS:
        yield f"the kind {item.kind!r} is none of {', '.join(KINDS)}"
    if not item.http_status.isdigit() or not 200 <= int(item.http_status) < 600:
        yield f"the HTTP status {item.http_status!r} is none"
    for column in ("zh", "zh_remedy"):
        if not HAN.search(getattr(item, column)):
            yield f"{column} is not Chinese: {getattr(item, column)!r}"
    for column in ("en", "en_remedy"):
        text = getattr(item, column)
        if not re.search("[A-Za-z]", text):
            yield f"{column} is empty"
    if not re.search(r"[。！？]$", item.zh_remedy) or not re.search(r"[.!?]$", item.en_remedy):
        yield "a remedy is a sentence"


def findings(top):
    path = Path(top) / LIST
    found, seen = [], {}
    for item in read(path.read_text()):
        found += [f"{LIST}:{item.line}: {item.name}: {wrong}" for wrong in wrong_with(item)]
        for key in (item.name, item.code):
            if key in seen:
                found.append(f"{LIST}:{item.line}: {key} stands in line {seen[key]} already")
            seen[key] = item.line
    return found
