"""Reads lists of macro calls with texts, as base/err_list.h: one entry for each, under the heading that it stands below."""

import re
from dataclasses import fields

TOKEN = re.compile(
    r'/\*\s*-{4}\s*(?P<section>.*?)\s*-{4}\s*\*/|(?P<item>(?:ERR|DOCTOR)_ITEM\()|(?P<text>"(?:\\.|[^"\\])*")|'
    r"(?P<word>\w+)|(?P<sign>[,)])|/\*.*?\*/",
    re.DOTALL,
)


def read(kind, source):
    """Every item, in order. kind: a dataclass of section, line, and a member for each column. Raises ValueError where
    an item has not as many columns."""
    return [make(kind, *row) for row in rows(source)]


def make(kind, section, line, columns):
    wanted = len(fields(kind)) - 2
    if len(columns) != wanted:
        raise ValueError(f"line {line}: {len(columns)} columns instead of {wanted}")
    return kind(section, line, *(value(column) for column in columns))


def value(column):
    """A word, or the value of adjacent string literals."""
    if not column or not column[0].startswith('"'):
        return "".join(column[:1])
    return re.sub(r"\\(.)", r"\1", "".join(part[1:-1] for part in column))


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
