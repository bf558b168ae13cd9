"""The temporary folder of one run, removed whatever ends the run."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

PROGRAMS = ("agent/ukeyd", "agent/ctl/ukeyctl", "portal/ukey-portal", "token/virtual/ukey-sim")


class RunFolder:
    """bin/ holds copies of the programs, so that a build meanwhile can't change them. The path is
    short because those of Unix sockets must be."""

    def __init__(self, build):
        self.build = Path(build)

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(143))
        os.umask(0o077)
        self.path = Path(tempfile.mkdtemp(prefix="ukeyd.", dir="/tmp"))
        self.programs = self.path / "bin"
        self.programs.mkdir()
        for program in PROGRAMS:
            shutil.copy2(self.build / program, self.programs)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)
