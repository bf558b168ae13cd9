"""./dev demo --browser, without a screen: what it prints is true, and it leaves nothing."""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from functools import partial
from pathlib import Path

from cases import Suite, equal
from families import FAMILIES
from processes import wait_until
from run_folder import PROGRAMS

suite = Suite()

LAST_LINE = "Ctrl-C ends everything and removes it."
START_SECONDS, STOP_SECONDS = 60, 30
DEMO = Path(__file__).with_name("demo.py")


def build_folder(world):
    """The programs as a build has them."""
    folder = world.case_folder / "build"
    for program in PROGRAMS:
        path = folder / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(world.programs / path.name)
    return folder


class Demo:
    def __init__(self, world, family):
        self.log = world.case_folder / "demo.log"
        # As a script's shell starts what it puts into the background: deaf to Ctrl-C.
        words = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-B", DEMO]
        words += ["--browser", "--key", family.name, "--build", build_folder(world)]
        env = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*words, "--vpcd", world.pcscd.library], stdout=log, stderr=log, env=env)
        wait_until(lambda: self.process.poll() is not None or LAST_LINE in self.text(), START_SECONDS, "the demo runs")

    def text(self):
        return self.log.read_text()

    def found(self, pattern):
        return re.search(pattern, self.text()).group(1)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def get(name, port, path, trusted, origin=None):
    """Status and JSON of a GET over TLS to a name that stands for this machine."""
    context = ssl.create_default_context(cafile=str(trusted))
    connection = http.client.HTTPSConnection(name, port)
    connection.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname=name)
    connection.request("GET", path, headers={"Origin": origin} if origin else {})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def commands():
    """The command of every process in this namespace."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            found.append(path.read_text().strip())
        except OSError:
            pass  # it has ended meanwhile
    return sorted(found)


def check_until_ctrl_c(world, family):
    before, files = commands(), set(os.listdir("/tmp"))
    demo = world.keep(Demo(world, family))
    origin = demo.found(r"(https://portal\.localhost:\d+)/")
    made = Path(demo.found(r"HOME=(\S+) chromium")).parent
    port = int(origin.rpartition(":")[2])
    status, downloads = get("portal.localhost", port, "/web/v1/downloads", made / "portal" / "tls" / "ca.pem")
    equal((status, [file["kind"] for file in downloads]), (200, ["manual"]), f"the platform's downloads ({downloads})")
    status, agent = get("127.0.0.1", 27510, "/v1/status", made / "identity" / "loopback.pem", origin)
    equal((status, agent["pcsc"], agent["keys"]), (200, "ok", 1), "the agent and its key")
    serial = demo.found(r"The key +(\w+),")
    assert serial.startswith(family.serial(family.profiles[0], 0)[:2]), serial
    equal(demo.end(), 0, f"exit status ({demo.text()})")
    equal(commands(), before, "processes afterwards")
    equal(set(os.listdir("/tmp")), files, "files afterwards")


for known in FAMILIES.values():
    suite.add(f"a platform, an agent and a {known.name} key for any browser, until Ctrl-C",
              partial(check_until_ctrl_c, family=known))  # fmt: skip
