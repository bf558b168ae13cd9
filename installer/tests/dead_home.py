"""A home on a file server that is away."""

import ctypes
import os
import subprocess
from pathlib import Path

from processes import ScenarioError, run


class DeadHome:
    """A user whose home is mounted when it is looked at, by an automounter that never does."""

    def __init__(self, name):
        self.name, self.top = name, Path("/net")
        self.home = self.top / name
        run(["useradd", "--no-create-home", "--home-dir", self.home, name])
        self.top.mkdir()
        self.pipe = os.pipe()
        self.mounter = subprocess.Popen(["sleep", "infinity"], start_new_session=True)
        how = f"fd={self.pipe[1]},pgrp={self.mounter.pid},minproto=5,maxproto=5,indirect"
        mount = ctypes.CDLL(None, use_errno=True).mount
        if mount(b"life", bytes(self.top), b"autofs", ctypes.c_ulong(0), how.encode()) != 0:
            raise ScenarioError(f"mount autofs: {os.strerror(ctypes.get_errno())}")

    def remove(self):
        run(["umount", "--lazy", self.top])
        self.top.rmdir()
        self.mounter.kill()
        self.mounter.wait()
        run(["userdel", self.name])
