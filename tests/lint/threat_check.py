"""docs/threat_model.md tells of every case S1 to S28, in order, and names tests that exist, as ./dev test prints
them (unit tests without the build in brackets)."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

PAGE = "docs/threat_model.md"
CASES = [f"S{number}" for number in range(1, 29)]
ROW = re.compile(r"^\| (S\d+) \|(.*)\|$")
TEST = re.compile(r"`((?:unit|scenario|browser|lint|fault)/[^`]+)`")
UNIT = re.compile(r"(?:unit_test\w*|TEST)\(\s*(\w+)")
BROWSER = re.compile(r"""\btest\(\s*(['"`])(.+?)\1, """)
NAMES = """
import importlib, pathlib, sys
folder = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(folder))
for path in sorted(folder.glob("test_*.py")):
    for case in importlib.import_module(path.stem).suite.cases:
        print(f"scenario/{path.stem.removeprefix('test_')}: {case.name}")
"""


@cache
def scenario_names(top):
    folder = Path(top) / "tests/scenario"
    if not folder.exists():
        return set()
    done = subprocess.run([sys.executable, "-B", "-c", NAMES, folder], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


def has_unit(top, name):
    """A fuzzer's corpus that is replayed has no functions."""
    program, _, function = name.partition(": ")
    first, *_, last = program.split("/")[1:]
    if first == "fuzz":
        return (Path(top) / f"tests/fuzz/fuzz_{last}.c").exists() and not function
    sources = (Path(top) / "tests/unit" / first).rglob(f"test_{last}.c")
    return any(function in UNIT.findall(source.read_text()) for source in sources)


def has_browser(top, name):
    """A name that the file puts together from parts may hold anything between them."""
    program, _, case = name.partition(": ")
    source = Path(top) / f"tests/browser/{program.split('/')[1]}.mjs"
    found = BROWSER.findall(source.read_text()) if source.exists() else []
    return any(re.fullmatch(re.sub(r"\\\$\\\{.*?\\\}", ".+", re.escape(text)), case) for _, text in found)


def has_lint(top, name):
    return (Path(top) / f"tests/lint/{name.split('/')[1]}.py").exists()


SUITES = {
    "unit": has_unit,
    "browser": has_browser,
    "lint": has_lint,
    "scenario": lambda top, name: name in scenario_names(top),
}


def exists(top, name):
    suite = name.split("/")[0]
    return suite in SUITES and SUITES[suite](top, name)


def findings(top):
    path = Path(top) / PAGE
    if not path.exists():
        return [f"{PAGE}: is missing"]
    seen, found = [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        row = ROW.match(line)
        tests = TEST.findall(line)
        seen += [row[1]] if row else []
        if row and not tests:
            found.append(f"{PAGE}:{number}: {row[1]} names no test")
        found += [f"{PAGE}:{number}: there is no test {name}" for name in tests if not exists(str(top), name)]
    if seen != CASES:
        found.append(f"{PAGE}: has the cases {' '.join(seen)}, not {CASES[0]} to {CASES[-1]} in order")
    return found
