"""The scenario files as jobs: each runs in a process and namespaces of its own."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import namespaces

HERE = Path(__file__).resolve().parent
FILE_SECONDS = 900  # for all cases of one file; the longest takes about two minutes
FAULT_FILES = ("test_breaks", "test_calls")  # with every fault their cases are jobs of their own
CASE_SECONDS = 3600  # for such a case, which has a fault at every command or call
FULL = {"UKEYD_FAULTS": "full"}  # what they look for in their environment


def jobs(folder, vpcd, only, full=False):
    """One job a file, the longest first. full: with every fault."""
    files = sorted(HERE.glob("test_*.py"), key=lambda path: path.stat().st_size, reverse=True)
    chosen = [path.stem for path in files if may_match(name_of(path.stem), only)]
    return [
        job
        for name in chosen
        for job in (
            case_jobs(name, folder, vpcd, only)
            if full and name in FAULT_FILES
            else [partial(run_file, name, folder, vpcd, only)]
        )
    ]


def name_of(file):
    return f"scenario/{file.removeprefix('test_')}"


def may_match(name, only):
    """Whether a case of the file can have only in its full name "NAME: CASE"."""
    start = f"{name}: "
    return only in start or only.startswith(start) or "/" not in only.partition(":")[0]


def file_command(file, folder, vpcd, only, work=""):
    """work: a part of the path that no other job of the file has."""
    path = folder.work() / work
    path.mkdir(exist_ok=True)
    command = [sys.executable, "-B", str(HERE / "run_file.py"), file, "--only", only]
    command += ["--bin", str(folder.programs), "--work", str(path)]
    return [*command, "--template", str(folder.template()), "--vpcd", vpcd]


def run_file(file, folder, vpcd, only):
    command = namespaces.command_inside(file_command(file, folder, vpcd, only))
    return run_job(name_of(file), command, FILE_SECONDS)


def case_jobs(file, folder, vpcd, only):
    command = [*file_command(file, folder, vpcd, only), "--list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **FULL})
    names = json.loads(listed.stdout)
    return [partial(run_case, file, folder, vpcd, name, number) for number, name in enumerate(names)]


def run_case(file, folder, vpcd, name, number):
    command = file_command(file, folder, vpcd, name, work=f"{file}{number}")
    env = {**os.environ, **FULL}
    return run_job(name_of(file), namespaces.command_inside(command), CASE_SECONDS, env)


def run_job(name, command, seconds, env=None):
    """The results that the command prints as JSON lines, and one more when it ends badly."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, check=False, env=env
        )
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
