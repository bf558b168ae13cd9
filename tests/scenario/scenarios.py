"""The scenario files as jobs: each runs in a process and namespaces of its own."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import namespaces
from portal import make_template

HERE = Path(__file__).resolve().parent
FILE_SECONDS = 900  # for all cases of one file; the longest takes about two minutes


def jobs(folder, vpcd, only):
    """One job a file, the longest first."""
    files = sorted(HERE.glob("test_*.py"), key=lambda path: path.stat().st_size, reverse=True)
    chosen = [path.stem for path in files if may_match(path.stem, only)]
    if not chosen:
        return []
    template = make_template(folder.programs, folder.path / "template")
    return [partial(run_file, name, folder, template, vpcd, only) for name in chosen]


def may_match(file, only):
    """Whether a case of the file can have only in its name "scenario/FILE: CASE"."""
    start = f"scenario/{file.removeprefix('test_')}: "
    return only in start or only.startswith(start) or "/" not in only.partition(":")[0]


def run_file(file, folder, template, vpcd, only):
    work = folder.path / "w"
    work.mkdir(exist_ok=True)
    command = [sys.executable, "-B", str(HERE / "run_file.py"), file, "--only", only]
    command += ["--bin", str(folder.programs), "--work", str(work)]
    command += ["--template", str(template), "--vpcd", vpcd]
    name = f"scenario/{file.removeprefix('test_')}"
    try:
        done = subprocess.run(
            namespaces.command_inside(command),
            capture_output=True,
            text=True,
            timeout=FILE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode("utf-8", "replace")
        return [*results(output), (name, f"not over within {FILE_SECONDS} s", FILE_SECONDS)]
    found = results(done.stdout)
    if done.returncode != 0:
        found.append((name, f"exit {done.returncode}\n{done.stderr}", None))
    return found


def results(output):
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [(line["name"], line["shown"], line["seconds"]) for line in lines]
