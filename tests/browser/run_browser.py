"""Performs the cases of one browser test file in a world of its own: starts node with the file, and does
what it asks for (calls.py).

For each case one JSON line on standard output: {"name", "ok", "seconds", "shown"}."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))

import namespaces  # noqa: E402
from browser_world import BrowserWorld, name_hosts  # noqa: E402
from calls import Calls  # noqa: E402
from talk import Talk  # noqa: E402

NODE_STOP_SECONDS = 10


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("file", help="such as manual")
    for name in ("bin", "work", "template", "vpcd", "scripts", "failed"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--pictures", default="")
    return parser.parse_args()


def node_environment(asked, world):
    """HOME is private: the browsers' certificates and profiles lie there."""
    names = ("PATH", "LANG")
    return {
        **{name: os.environ[name] for name in names if name in os.environ},
        "HOME": str(world.home),
        "TMPDIR": str(world.folder),
        "BROWSER_TEST_ONLY": asked.only,
        "BROWSER_TEST_FILE": asked.file,
        "BROWSER_TEST_PICTURES": asked.pictures,
        "UKEYD_TOP": str(HERE.parents[1]),
    }


def start_node(asked, world):
    return subprocess.Popen(
        ["node", f"{asked.scripts}/lib/main.mjs", f"{asked.scripts}/{asked.file}.mjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(world.folder / "node.log").open("wb"),
        env=node_environment(asked, world),
        cwd=world.folder,
        text=True,
        encoding="utf-8",
    )


def finish(node, world):
    """node's exit status; what it printed goes to standard error when it ended badly."""
    try:
        status = node.wait(NODE_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        node.kill()
        status = node.wait()
    if status != 0:
        print((world.folder / "node.log").read_text(errors="replace")[-4000:], file=sys.stderr)
    return status


def main():
    asked = arguments()
    kept = [asked.work, asked.template, asked.bin, asked.scripts]
    namespaces.enter(*kept, *([asked.pictures] if asked.pictures else []))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    world = BrowserWorld(asked.bin, f"{asked.work}/b-{asked.file}", asked.template, asked.vpcd)
    try:
        name_hosts(world.folder / "hosts")
        world.prepare()
        node = start_node(asked, world)
        calls = Calls(world, asked.file, Path(asked.failed))
        try:
            Talk(node, calls).run()
        finally:
            calls.close()
        return finish(node, world)
    finally:
        world.close()
        shutil.rmtree(world.home, ignore_errors=True)


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
