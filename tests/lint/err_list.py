"""Reads base/err_list.h: one entry for each ERR_ITEM, under the heading that it stands below; and lists like it."""

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r'/\*\s*-{4}\s*(?P<section>.*?)\s*-{4}\s*\*/|(?P<item>(?:ERR|DOCTOR)_ITEM\()|(?P<text>"(?:\\.|[^"\\])*")|'
    r"(?P<word>\w+)|(?P<sign>[,)])|/\*.*?\*/",
    re.DOTALL,
)
COLUMNS = 8


@dataclass
class Item:
    section: str
    line: int
    name: str
    code: str
    kind: str
    http_status: str
    zh: str
    en: str
    zh_remedy: str
    en_remedy: str


def texts(column):
    """The value of adjacent string literals."""
    joined = "".join(part[1:-1] for part in column)
    return re.sub(r"\\(.)", r"\1", joined)


def rows(source):
    """Every item as (section, line, columns), in order."""
    items, section, columns, start = [], "", None, 0
    for match in TOKEN.finditer(source):
        if match.group("section") is not None and columns is None:
            section = match.group("section")
        elif match.group("item"):
            columns, start = [[]], source.count("\n", 0, match.start()) + 1
        elif columns is None:
            continue
        elif match.group("sign") == ",":
            columns.append([])
        elif match.group("sign") == ")":
            items.append((section, start, columns))
            columns = None
        elif match.group("text") or match.group("word"):
            columns[-1].append(match.group())
    return items


def read(source):
    """Every item, in order. Raises ValueError where one has not 8 columns."""
    return [make(*row) for row in rows(source)]


def make(section, line, columns):
    if len(columns) != COLUMNS:
        raise ValueError(f"line {line}: {len(columns)} columns instead of {COLUMNS}")
    words = [c[0] if c and not c[0].startswith('"') else "" for c in columns]
    return Item(
        section,
        line,
        words[0],
        texts(columns[1]),
        words[2],
        words[3],
        *(texts(column) for column in columns[4:]),
    )
