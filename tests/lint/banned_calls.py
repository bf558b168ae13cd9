"""Calls and habits that we do without, each with what to use instead."""

import re
from pathlib import Path

from sources import code_only, files

CALLS = {
    "strcpy": "snprintf or memory_text",
    "strcat": "buf_add_text",
    "strncpy": "snprintf",
    "sprintf": "snprintf",
    "vsprintf": "vsnprintf",
    "gets": "read with a limit",
    "atoi": "strtoll with its end checked",
    "atol": "strtoll with its end checked",
    "strtok": "strchr",
    "system": "posix_spawn",
    "popen": "posix_spawn",
    "alloca": "memory_new",
    "tmpnam": "mkstemp",
    "rand": "hex_random or RAND_bytes",
    "malloc": "memory_new",
    "calloc": "memory_new",
    "realloc": "buf_add",
    "strdup": "memory_text",
    "asprintf": "memory_printf",
    "localtime": "localtime_r",
    "gmtime": "gmtime_r",
    "setenv": "an environment passed to posix_spawn",
}
# Where a banned call has its reason. The tests make environments and compare as they like.
ALLOWED = {
    "base/memory.c": ("malloc", "calloc", "realloc", "strdup"),
    "base/buf.c": ("realloc",),
    "tests/": ("setenv", "malloc", "calloc", "realloc", "system"),
}
HABITS = (
    (re.compile(r"\bgoto\b"), "goto: let AUTO() release"),
    (re.compile(r"\btypedef\b(?![^;]*\(\s*\*)"), "typedef: struct x and enum x have no second name"),
    (re.compile(r"\bmemcmp\s*\([^;]*(secret|pin\b|pin_|key_bytes|mac\b)"), "memcmp on a secret: secret_equal or CRYPTO_memcmp"),
    (re.compile(r"\bfree\s*\(\s*[\w>.-]*pin\)"), "free on a PIN: secret_free"),
)
LEFT_UNDONE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
LINE_COMMENT = re.compile(r"^\s*//")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def allowed_here(name, call):
    return any(name.startswith(place) and call in calls for place, calls in ALLOWED.items())


def in_file(name, text):
    code = code_only(text)
    for call, instead in CALLS.items():
        if allowed_here(name, call):
            continue
        for match in re.finditer(rf"(?<![\w.>]){call}\s*\(", code):
            yield f"{name}:{line_of(code, match.start())}: {call}: use {instead}"
    if not name.startswith("tests/"):
        for pattern, message in HABITS:
            for match in pattern.finditer(code):
                yield f"{name}:{line_of(code, match.start())}: {message}"
    for number, line in enumerate(text.splitlines(), 1):
        if LEFT_UNDONE.search(line):
            yield f"{name}:{number}: left undone"
        if LINE_COMMENT.match(line):
            yield f"{name}:{number}: // comment: /* */ only"
    if name.endswith(".h") and "#pragma once" not in text and "No include guard" not in text:
        yield f"{name}:1: no #pragma once"


def findings(top):
    found = []
    for name in files(top, ".c", ".h"):
        found += in_file(name, (Path(top) / name).read_text())
    return found
