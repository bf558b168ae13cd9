"""Reads agent/doctor/doctor_list.h: one entry for each DOCTOR_ITEM."""

from dataclasses import dataclass

import err_list

COLUMNS = 9


@dataclass
class Item:
    section: str
    line: int
    name: str
    code: str
    fix: str
    zh: str
    en: str
    zh_cause: str
    en_cause: str
    zh_remedy: str
    en_remedy: str


def read(source):
    """Every item, in order. Raises ValueError where one has not 9 columns."""
    return [make(*row) for row in err_list.rows(source)]


def make(section, line, columns):
    if len(columns) != COLUMNS:
        raise ValueError(f"line {line}: {len(columns)} columns instead of {COLUMNS}")
    words = [c[0] if c and not c[0].startswith('"') else "" for c in columns]
    texts = [err_list.texts(column) for column in columns]
    return Item(section, line, words[0], texts[1], words[2], *texts[3:])
