"""What the three analysers share: which files, with which flags, and what is let pass with a reason.

docs/analysis.md says which analyser looks at what, and when."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from headers_compile import PACKAGES
from sources import files

WIDTH = 2
DEFINES = ("-D_GNU_SOURCE", '-DUKEYD_VERSION="0"', "-DUKEYD_TEST_HOOKS=1")
FACTS = Path(__file__).resolve().parent / "analysis_facts.h"
DEFINES_THEM = "base/err.c"  # the functions of analysis_facts.h
FINDING = re.compile(r"^(?:\./)?([\w./-]+):(\d+):(?:\d+:)? (?:warning|error): (.+) \[([\w.,+-]+)\]$", re.MULTILINE)
UNWRITTEN = re.compile(r"^([\w./-]+):(\d+):\d+: note: Returning without writing to ", re.MULTILINE)


@cache
def packages():
    return subprocess.run(["pkg-config", "--cflags", *PACKAGES], capture_output=True, text=True, check=True).stdout.split()


def flags(top, name):
    """To compile the file with, and what an analyser must know of our errors; samples have none."""
    ours = (Path(top) / "base/err.h").exists() and name != DEFINES_THEM
    return ["-std=gnu17", *DEFINES, "-I", ".", *packages(), *(["-include", str(FACTS)] if ours else [])]


def sources(top):
    """The product's own C: what tests do is theirs."""
    return [name for name in files(top, ".c") if not name.startswith("tests/")]


def output_of(top, command):
    done = subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def read(text):
    """[(file, line, check, message)], each once."""
    return sorted({(name, int(line), check.split(",")[0], message) for name, line, message, check in FINDING.findall(text)})


def without_impossible(top, text):
    """clang's findings without those whose path goes through a failure that returned ERR_NONE: it follows one
    file at a time and thinks that "return err->code" may give that after a call of another file failed."""
    lines_of = {}

    def is_failure(match):
        name, line = match.group(1), int(match.group(2))
        lines = lines_of.setdefault(name, (top / name).read_text().splitlines())
        return "return err->code" in lines[line - 1] or "return err_add(" in lines[line - 1]

    kept = [
        block
        for block in re.split(r"^(?=[\w./-]+:\d+:\d+: (?:warning|error):)", text, flags=re.MULTILINE)
        if not any(map(is_failure, UNWRITTEN.finditer(block)))
    ]
    return "".join(kept)


def explained(found, let_pass, looked_at):
    """Lines for what let_pass, {(file, check): reason}, does not explain, and for what it explains though
    nothing is found there any more."""
    lines = [
        f"{name}:{line}: {message} [{check}]"
        for name, line, check, message in found
        if (name, check) not in let_pass
    ]
    seen = {(name, check) for name, _, check, _ in found}
    return lines + [
        f"{name}: no {check} any more: take it off the table"
        for name, check in let_pass
        if name in looked_at and (name, check) not in seen
    ]


def each(names, look):
    """look(name) for each file, two at a time; the texts joined."""
    with ThreadPoolExecutor(WIDTH) as pool:
        return "\n".join(pool.map(look, names))
