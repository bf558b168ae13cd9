"""The browser test files as jobs: each runs in a process, namespaces and a world of its own."""

import shutil
import sys
from functools import partial
from pathlib import Path

import namespaces
import scenarios

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
NPM = TOP / "build" / "npm"
FAILED = TOP / "build" / "failed"  # screenshots and pages of cases that failed
LONG = ("pages", "sdk_errors", "sdk_finding", "sdk_firefox", "sdk_work")  # they start first
FILE_SECONDS = 600  # for all cases of one file
NOT_CODE = shutil.ignore_patterns("node_modules", "*.py", "__pycache__")


def jobs(folder, vpcd, only):
    """One job a file, the longest first."""
    names = sorted((path.stem for path in HERE.glob("*.mjs")), key=lambda name: (name not in LONG, name))
    chosen = [name for name in names if scenarios.may_match(f"browser/{name}", only)]
    if not chosen:
        return []
    scripts = copy_scripts(folder)
    return [partial(run_file, name, folder, scripts, vpcd, only) for name in chosen]


def copy_scripts(folder):
    """The tests beside the packages that they import, so that an edit meanwhile can't change them."""
    scripts = folder.path / "browser"
    shutil.copytree(HERE, scripts, ignore=NOT_CODE)
    (scripts / "node_modules").symlink_to(NPM / "node_modules")
    return scripts


def command(file, folder, scripts, vpcd, only="", pictures=None):
    """The command line that performs one file's cases. pictures: where their screenshots for the manual
    go, None: nowhere."""
    words = [sys.executable, "-B", str(HERE / "run_browser.py"), file, "--only", only]
    words += ["--bin", str(folder.programs), "--work", str(folder.work()), "--vpcd", vpcd]
    words += ["--template", str(folder.template()), "--scripts", str(scripts), "--failed", str(FAILED)]
    words += ["--pictures", str(pictures)] if pictures else []
    return namespaces.command_inside(words)


def run_file(file, folder, scripts, vpcd, only, pictures=None):
    shutil.rmtree(FAILED / file, ignore_errors=True)
    words = command(file, folder, scripts, vpcd, only, pictures)
    return scenarios.run_job(f"browser/{file}", words, FILE_SECONDS)
