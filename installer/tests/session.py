"""A user's session in the root: systemd --user, what a desktop starts, commands as that user."""

import os
import pwd
import subprocess
from pathlib import Path

from processes import Process, run, wait_until

CGROUPS = Path("/sys/fs/cgroup")
BOOTED = Path("/run/systemd/system")
LOGGING = Path("/run/systemd/user.conf.d/log.conf")  # no journal is there to log to


class Session:
    def __init__(self, name, log_folder):
        user = pwd.getpwnam(name)
        self.name, self.uid, self.gid, self.home = name, user.pw_uid, user.pw_gid, Path(user.pw_dir)
        self.runtime = Path(f"/run/user/{self.uid}")
        self.log_folder = log_folder
        self.manager = None

    def command(self, words, **env):
        """The words as that user, with a log-in's environment."""
        env = {
            "HOME": self.home,
            "USER": self.name,
            "LOGNAME": self.name,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": self.runtime,
            **env,
        }
        user = ["setpriv", "--reuid", self.uid, "--regid", self.gid, "--init-groups"]
        return [str(w) for w in (*user, "env", "-i", *(f"{k}={v}" for k, v in env.items()), *words)]

    def run(self, *words, **options):
        """processes.run as that user; standard output as text."""
        return run(self.command(words), **options).stdout.decode()

    def systemctl(self, *words, **options):
        return self.run("systemctl", "--user", *words, **options).strip()

    def is_active(self, unit):
        return self.systemctl("is-active", unit, ok=None) == "active"

    def properties(self, unit, *names):
        lines = self.systemctl("show", unit, *(f"--property={name}" for name in names)).splitlines()
        return dict(line.split("=", 1) for line in lines)

    def log_in(self):
        self.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chown(self.runtime, self.uid, self.gid)
        own = CGROUPS / self.name
        own.mkdir(exist_ok=True)
        for path in (own, own / "cgroup.procs", own / "cgroup.subtree_control", own / "cgroup.threads"):
            os.chown(path, self.uid, self.gid)
        words = ["sh", "-c", f'echo 0 >{own}/cgroup.procs && exec "$@"', "sh"]
        words += self.command(["/lib/systemd/systemd", "--user", "--log-target=console"])
        # The manager starts only where systemd is the computer's init; dpkg must not believe so for long.
        BOOTED.mkdir(parents=True)
        LOGGING.parent.mkdir(parents=True, exist_ok=True)
        LOGGING.write_text("[Manager]\nDefaultStandardOutput=inherit\nDefaultStandardError=inherit\n")
        self.manager = Process(f"manager-{self.name}", words, self.log_folder)
        wait_until((self.runtime / "systemd/private").exists, 30, "the user manager is there")
        BOOTED.rmdir()
        wait_until(lambda: self.is_active("sockets.target"), 30, "the user manager has its sockets")

    def log_out(self):
        self.systemctl("exit", ok=None)
        try:
            self.manager.popen.wait(30)
        except subprocess.TimeoutExpired:
            self.manager.kill()
        run(["rm", "-rf", self.runtime])
