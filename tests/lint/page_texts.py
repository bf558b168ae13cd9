"""The pages' texts (portal/page/text_*.js): each key stands once, in both languages with the same {names};
every key that a module uses is there, and every key is used."""

import json
import re
from pathlib import Path

PAGES = "portal/page"
HAN = re.compile(r"[\u4e00-\u9fff]")
TABLE = re.compile(r"export const \w+ = (\{.*\});\s*$", re.S)
KEY = re.compile(r'^    "([^"]+)": ', re.M)
NAMES = re.compile(r"\{(\w+)\}")
USED = re.compile(r'"([a-z0-9_-]+(?:\.[^"\s{}]+)*)"')  # any text of a module may be a key
MADE = re.compile(r'`([a-z]+)\.(?:\$\{|[a-z.])|\btx\("([a-z.]+)",')  # t(`step.${name}`), tx("state", …)
OTHER_LANGUAGE = ("language.other",)  # the button that switches names the language it switches to


def read(path):
    """[(key, line, [zh, en])] of one table, repeated keys included; None when it is no table."""
    text = path.read_text()
    table = TABLE.search(text)
    if table is None:
        return None
    pairs = json.loads(table.group(1), object_pairs_hook=list)
    lines = {match.group(1): text.count("\n", 0, match.start()) + 1 for match in KEY.finditer(text)}
    return [(key, lines.get(key, 1), value) for key, value in pairs]


def wrong_with(key, texts):
    if not isinstance(texts, list) or len(texts) != 2 or not all(isinstance(text, str) and text for text in texts):
        yield "is not a Chinese and an English text"
        return
    zh, en = texts
    if not HAN.search(zh) and key not in OTHER_LANGUAGE:
        yield f"{zh!r} is not Chinese"
    if HAN.search(en) and key not in OTHER_LANGUAGE:
        yield f"{en!r} is not English"
    if sorted(set(NAMES.findall(zh))) != sorted(set(NAMES.findall(en))):
        yield "the two texts have different {names}"


def findings(top):
    pages = Path(top) / PAGES
    found, known, used, groups = [], {}, set(), set()
    for path in sorted(pages.glob("text_*.js")):
        place = f"{PAGES}/{path.name}"
        table = read(path)
        if table is None:
            found.append(f"{place}:1: holds no table of texts")
            continue
        for key, line, texts in table:
            found += [f"{place}:{line}: {key}: {wrong}" for wrong in wrong_with(key, texts)]
            if key in known:
                found.append(f"{place}:{line}: {key} stands in {known[key]} already")
            known[key] = f"{place}:{line}"
    for path in sorted(pages.glob("*.js")):
        if path.name.startswith("text_"):
            continue
        text = path.read_text()
        used |= set(USED.findall(text))
        groups |= {group for match in MADE.findall(text) for group in match if group}
        for number, line in enumerate(text.splitlines(), 1):
            for key in re.findall(r'\bt\("([^"]+)"', line):
                if key not in known:
                    found.append(f"{PAGES}/{path.name}:{number}: no text for {key}")
    for key, place in known.items():
        if key not in used and not any(key.startswith(f"{group}.") for group in groups):
            found.append(f"{place}: {key} is used nowhere")
    return found
