"""A user's session in the booted root: systemd's user manager, what a desktop starts, commands as that user."""

import pwd
from pathlib import Path

from processes import run, wait_until


class Session:
    def __init__(self, name):
        user = pwd.getpwnam(name)
        self.name, self.uid, self.gid, self.home = name, user.pw_uid, user.pw_gid, Path(user.pw_dir)
        self.runtime = Path(f"/run/user/{self.uid}")

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
        """Until log_out, as somebody who stays logged in."""
        run(["loginctl", "enable-linger", self.name])
        wait_until((self.runtime / "systemd/private").exists, 30, "the user manager is there")
        wait_until(lambda: self.is_active("sockets.target"), 30, "the user manager has its sockets")

    def log_out(self):
        run(["loginctl", "disable-linger", self.name])
        run(["systemctl", "stop", f"user@{self.uid}.service"])
        wait_until(lambda: not self.runtime.exists(), 30, "the user's runtime folder is gone")
