"""The scenario files as jobs: each runs in a process and namespaces of its own."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import namespaces

HERE = Path(__file__).resolve().parent
FILE_SECONDS = 900  # for all cases of one file; the longest takes about two minutes


def jobs(folder, vpcd, only):
    """One job a file, the longest first."""
    files = sorted(HERE.glob("test_*.py"), key=lambda path: path.stat().st_size, reverse=True)
    chosen = [path.stem for path in files if may_match(name_of(path.stem), only)]
    return [partial(run_file, name, folder, vpcd, only) for name in chosen]


def name_of(file):
    return f"scenario/{file.removeprefix('test_')}"


def may_match(name, only):
    """Whether a case of the file can have only in its full name "NAME: CASE"."""
    start = f"{name}: "
    return only in start or only.startswith(start) or "/" not in only.partition(":")[0]


def run_file(file, folder, vpcd, only):
    command = [sys.executable, "-B", str(HERE / "run_file.py"), file, "--only", only]
    command += ["--bin", str(folder.programs), "--work", str(folder.work())]
    command += ["--template", str(folder.template()), "--vpcd", vpcd]
    return run_job(name_of(file), namespaces.command_inside(command), FILE_SECONDS)


def run_job(name, command, seconds):
    """The results that the command prints as JSON lines, and one more when it ends badly."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode("utf-8", "replace")
        return [*results(output), (name, f"not over within {seconds} s", seconds)]
    found = results(done.stdout)
    if done.returncode != 0:
        found.append((name, f"exit {done.returncode}\n{done.stderr}", None))
    return found


def results(output):
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [(line["name"], line["shown"], line["seconds"]) for line in lines]
