"""Which files are ours, and how to look at C without its comments and texts."""

import os
import re
from pathlib import Path

LEFT_OUT = ("build", ".git", "tests/lint/bad")
TOKENS = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL,
)
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def files(top, *endings):
    """The files under top with one of the endings, as paths relative to it, sorted."""
    found = []
    for folder, folders, names in os.walk(top):
        place = Path(folder).relative_to(top)
        folders[:] = [f for f in folders if (place / f).as_posix() not in LEFT_OUT]
        found += [(place / name).as_posix() for name in names if name.endswith(endings)]
    return sorted(found)


def without_comments(text):
    """Comments become blanks, line by line; texts stay."""
    return TOKENS.sub(lambda m: blank(m.group()) if m.group("comment") else m.group(), text)


def code_only(text):
    """Comments and the inside of texts become blanks, so that only code is left to search."""
    return TOKENS.sub(lambda m: blank(m.group()), text)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def includes(text):
    """(line number, ours or None, system's or None) of each #include."""
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def folder_rule(table, name):
    """The value of the longest key of table that name starts with; None when there is none."""
    fitting = [key for key in table if name.startswith(key)]
    return table[max(fitting, key=len)] if fitting else None
