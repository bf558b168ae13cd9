"""clang-tidy, with the checks of .clang-tidy: on the C that changed since the last commit and in it, and on
all of it with --deep."""

import subprocess
from pathlib import Path

import analysis
from sources import includes

SETTINGS = Path(__file__).resolve().parents[2] / ".clang-tidy"
FILLED = "getsockname() fills it where it succeeds"
LET_PASS = {
    ("agent/doctor/doctor_ports.c", "cert-err34-c"): "the kernel has written the table; a number that it cut would only be shown",
    ("agent/ops/ops.c", "clang-analyzer-core.NonNullParamChecker"): "op_new has made it where it succeeded",
    ("http/http_front.c", "clang-analyzer-core.UndefinedBinaryOperatorResult"): FILLED,
    ("http/http_listen.c", "clang-analyzer-core.UndefinedBinaryOperatorResult"): FILLED,
    ("portal/portal_reset.c", "clang-analyzer-core.UndefinedBinaryOperatorResult"): "portal_reset_policy has set it where it succeeded",
    ("token/virtual/virtual_gmt0017.c", "clang-analyzer-core.NullDereference"): "no instruction that needs the user has the scope of the device, so find_scope has set it",
    ("portal/portal_tasks.c", "clang-analyzer-unix.Malloc"): "it does not see that unlink_task takes the task off the list before it is freed",
}
deep = False


def git(top, *words):
    done = subprocess.run(["git", *words], cwd=top, capture_output=True, text=True, check=False)
    return done.stdout.split() if done.returncode == 0 else None


def changed(top):
    """Names that differ from the commit before the last one; None where there is no history to ask."""
    if not (Path(top) / ".git").exists():
        return None
    before = git(top, "diff", "--name-only", "HEAD~1")
    new = git(top, "ls-files", "--others", "--exclude-standard")
    return None if before is None or new is None else {*before, *new}


def concerned(top, names):
    """The sources among names that changed, and those that include a header that did."""
    these = None if deep else changed(top)
    if these is None:
        return names
    headers = {name for name in these if name.endswith(".h")}

    def uses(name):
        return any(ours in headers for _, ours, _ in includes((Path(top) / name).read_text()))

    return [name for name in names if name in these or uses(name)]


def findings(top):
    names = concerned(top, analysis.sources(top))
    if not names:
        return []

    def look(name):
        command = ["clang-tidy", "--quiet", f"--config-file={SETTINGS}", name, "--", *analysis.flags(top, name)]
        text = analysis.output_of(top, command).replace(f"{Path(top).resolve()}/", "")
        return analysis.without_impossible(Path(top), text)

    found = [finding for finding in analysis.read(analysis.each(names, look)) if finding[0] in names]
    return analysis.explained(found, LET_PASS, names)
