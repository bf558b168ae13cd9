"""clang-format agrees with every C file."""

import subprocess
from pathlib import Path

from sources import files

STYLE = Path(__file__).resolve().parents[2] / ".clang-format"


def findings(top):
    names = files(top, ".c", ".h")
    if not names:
        return []
    done = subprocess.run(
        ["clang-format", f"--style=file:{STYLE}", "--dry-run", *names],
        cwd=top,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if "[-Wclang-format-violations]" in line]
    return [line.replace(" code should be clang-formatted [-Wclang-format-violations]", " run clang-format -i") for line in lines]
