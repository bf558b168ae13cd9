"""The temporary folder of one run, removed whatever ends the run."""

import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

from portal import make_template

PROGRAMS = (
    "agent/ukeyd",
    "agent/ctl/ukeyctl",
    "portal/ukey-portal",
    "portal/pay/ukey-pay",
    "token/virtual/ukey-sim",
)


class RunFolder:
    """bin/ holds copies of the programs, so that a build meanwhile can't change them. The path is
    short because those of Unix sockets must be."""

    def __init__(self, build):
        self.build = Path(build)
        self.lock = threading.Lock()

    def __enter__(self):
        # A shell without job control makes what it starts in the background deaf to SIGINT.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(143))
        os.umask(0o077)
        self.path = Path(tempfile.mkdtemp(prefix="ukeyd.", dir="/tmp"))
        self.programs = self.path / "bin"
        self.programs.mkdir()
        for program in PROGRAMS:
            shutil.copy2(self.build / program, self.programs)
        return self

    def template(self):
        """An initialised platform's folder, made once a run."""
        with self.lock:
            path = self.path / "template"
            return path if path.exists() else make_template(self.programs, path)

    def work(self):
        """Where worlds are made."""
        path = self.path / "w"
        path.mkdir(exist_ok=True)
        return path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)
