"""Looks for bytes in everything that a process holds in memory."""

import re
from pathlib import Path

STEP = 16 * 1024 * 1024  # read at once
LONGEST = 256  # of the needles: parts overlap by so much
MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (r\S*) \S+ \S+ \S+\s*(.*)$")


def mappings(pid):
    """(start, end, name) of what can be read; the kernel's own pages left out."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        found = MAPPING.match(line)
        if found and not found[4].startswith("[v"):
            yield int(found[1], 16), int(found[2], 16), found[4]


def parts(memory, start, end):
    while start < end:
        memory.seek(start)
        try:
            yield memory.read(min(STEP, end - start))
        except OSError:  # a guard page, or the end of a mapped file
            return
        start += STEP - LONGEST


def found_in(pid, needles):
    """Which of the needles, {name: bytes}, stand anywhere: {name: the mapping's name}."""
    found = {}
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, name in mappings(pid):
            for part in parts(memory, start, end):
                for needle, content in needles.items():
                    assert len(content) <= LONGEST
                    if content in part:
                        found[needle] = name or "heap"
    return found
