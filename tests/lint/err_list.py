"""Reads base/err_list.h."""

from dataclasses import dataclass
from functools import partial

import item_list


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


read = partial(item_list.read, Item)
