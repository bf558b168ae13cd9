"""Reads agent/doctor/doctor_list.h."""

from dataclasses import dataclass
from functools import partial

import item_list


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


read = partial(item_list.read, Item)
