"""The real pcscd with Debian's virtual reader: two slots, which wait for cards on two TCP ports."""

import socket
from pathlib import Path

from processes import PATIENCE, Process, wait_until

SLOT_PORTS = (35963, 35964)
SOCKET = Path("/run/pcscd/pcscd.comm")
PID_FILE = Path("/run/pcscd/pcscd.pid")

READER = """FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:0x8C7B
LIBPATH {library}
CHANNELID 0x8C7B
"""


class Pcscd:
    prefix = ()  # words before the command

    def __init__(self, folder, vpcd_library):
        self.log_folder = folder
        self.library = vpcd_library
        self.with_reader = Path(folder) / "reader.conf.d"
        self.without_reader = Path(folder) / "reader.none.d"
        self.with_reader.mkdir()
        self.without_reader.mkdir()
        (self.with_reader / "vpcd").write_text(READER.format(library=vpcd_library))
        self.process = None
        self.readers = None

    def start(self, readers=True):
        """Runs with or without the reader; an instance that is as wanted is left alone."""
        if self.process and self.process.running() and self.readers == readers:
            return
        self.stop()
        for left_over in (SOCKET, PID_FILE):
            left_over.unlink(missing_ok=True)
        folder = self.with_reader if readers else self.without_reader
        self.process = Process("pcscd", [*self.prefix, "pcscd", "-f", "-e", "-c", folder], self.log_folder)
        self.readers = readers
        wait_until(SOCKET.exists, PATIENCE, "pcscd is ready")
        if readers:
            wait_until(lambda: slots_listen(self.process.pid), PATIENCE, "the reader's slots wait for cards")

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def kill(self):
        self.process.kill()
        self.process = None


def slots_listen(pid):
    """Whether both ports are listened on in the process's network; asked of the kernel, for a connection
    would be a card."""
    listening = "0A"
    wanted = {f"{port:04X}" for port in SLOT_PORTS}
    found = set()
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == listening:
            found.add(fields[1].rpartition(":")[2])
    return wanted <= found


def free_port():
    """A port of 127.0.0.1 where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
