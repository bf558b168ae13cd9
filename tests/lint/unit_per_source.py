"""Each source file has its unit test: FOLDER/x.c is tested by tests/unit/FOLDER/test_x.c."""

from pathlib import Path

from sources import files

FOLDERS = ("base/", "token/", "certs/", "http/", "agent/", "portal/")
# Those without one, each with the reason.
WITHOUT = {
    "agent/main.c": "starts and ends the process: every scenario does so, scenario/api looks at it",
    "agent/daemon.c": "puts the parts together, and nothing else: every scenario runs it",
    "agent/remote/remote_platform.c": "names one function per resource, each tested in its own file",
}


def findings(top):
    found = []
    for name in files(top, ".c"):
        if not name.startswith(FOLDERS) or name in WITHOUT:
            continue
        path = Path(name)
        test = Path("tests/unit") / path.parent / f"test_{path.name}"
        if not (Path(top) / test).exists():
            found.append(f"{name}: has no {test}")
    if (Path(top) / "meson.build").exists():  # the whole tree, no sample
        gone = [name for name in WITHOUT if not (Path(top) / name).exists()]
        found += [f"{name}: is gone; take it off the list" for name in gone]
    return found
