"""Child processes: started with a log of their own, ended by their own pid."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

STOP_SECONDS = 5  # from SIGTERM to SIGKILL
PATIENCE = 30  # seconds for what takes a moment, on a machine that has much else to do


class ScenarioError(AssertionError):
    """What a case expected did not happen."""


def wait_until(condition, seconds, what):
    """The first true value of condition(), asked every 10 ms."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise ScenarioError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


class Process:
    """A program that runs until stop(); what it prints goes to LOG_FOLDER/NAME.log."""

    def __init__(self, name, arguments, log_folder, env=None, pass_fds=()):
        self.name = name
        self.log_path = Path(log_folder) / f"{name}.log"
        self.started = time.monotonic()
        with self.log_path.open("ab") as log:
            self.start_of_log = log.tell()
            self.popen = subprocess.Popen(
                [str(a) for a in arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                pass_fds=pass_fds,
                start_new_session=True,
            )

    @property
    def pid(self):
        return self.popen.pid

    def log_text(self):
        """What this process printed (an earlier one of the same name left out)."""
        with self.log_path.open("rb") as log:
            log.seek(self.start_of_log)
            return log.read().decode("utf-8", "replace")

    def running(self):
        return self.popen.poll() is None

    def wait_for_line(self, pattern, seconds=PATIENCE):
        """The match of the first printed line that fits."""

        def look():
            found = re.search(pattern, self.log_text(), re.MULTILINE)
            if found is None and not self.running():
                raise ScenarioError(
                    f"{self.name} ended with {self.popen.returncode}:\n{self.log_text()[-2000:]}"
                )
            return found

        return wait_until(look, seconds, f"{self.name} prints {pattern!r}")

    def stop(self):
        """Ends it politely, then by force; its exit status."""
        if self.running():
            self.popen.terminate()
            try:
                self.popen.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.popen.returncode

    def kill(self):
        if self.running():
            self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()


def run(arguments, input_bytes=None, env=None, seconds=60, ok=(0,)):
    """Runs a program to its end. Fails unless its exit status is in ok (None: any)."""
    done = subprocess.run(
        [str(a) for a in arguments],
        input=input_bytes,
        stdin=subprocess.DEVNULL if input_bytes is None else None,
        capture_output=True,
        env=env,
        timeout=seconds,
        check=False,
    )
    if ok is not None and done.returncode not in ok:
        command = " ".join(str(a) for a in arguments)
        raise ScenarioError(
            f"{command}: exit {done.returncode}\n"
            f"{done.stdout.decode('utf-8', 'replace')}{done.stderr.decode('utf-8', 'replace')}"
        )
    return done


def run_json(arguments, **options):
    """The JSON that a program prints."""
    done = run(arguments, **options)
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise ScenarioError(f"{arguments[0]} printed no JSON: {done.stdout[:500]!r}") from error


def clean_environment(folder, **more):
    """The environment of a program that must not see the caller's: own HOME and XDG folders."""
    folder = Path(folder)
    runtime = folder / "runtime"
    for path in (folder, runtime):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {
        **kept,
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_DATA_HOME": str(folder / ".local" / "share"),
        "LANG": "C.UTF-8",
        **more,
    }
