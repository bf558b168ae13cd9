"""A private corner of the machine: own network, mounts and process ids, made by unshare(1).

Inside, every run may use the same ports and /run/pcscd, and whatever it started ends with it."""

import fcntl
import os
import socket
import struct
import subprocess
import sys

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INSIDE = "UKEYD_TEST_INSIDE"  # set for the program that runs inside

# As root a user namespace is not needed; without it an unprivileged user can't have the others.
WAYS = (["-mp"], ["-Urmp"])


def unshare_command(network):
    """The first way that this machine allows."""
    ways = WAYS if os.geteuid() == 0 else WAYS[1:]
    for way in ways:
        command = ["unshare", *way, *(["-n"] if network else []), "--fork", "--kill-child"]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    raise SystemExit(
        "This needs private namespaces (unshare -mnp, or -Urmnp as a user), which this machine refuses.\n"
        "In a container allow CAP_SYS_ADMIN or unprivileged user namespaces "
        "(sysctl kernel.unprivileged_userns_clone=1)."
    )


def inside():
    return os.environ.get(INSIDE) == str(os.getpid())


def command_inside(arguments, network=True):
    """arguments as a command line that runs inside new namespaces. network: has one of its own."""
    marked = ["sh", "-c", f'export {INSIDE}=$$; exec "$@"', "sh", *arguments]
    return [*unshare_command(network), *marked]


def enter(*kept):
    """Runs this very program again inside, or prepares the inside when it is there already: /run and /tmp
    are its own and empty, apart from the folders that are kept."""
    if not inside():
        command = command_inside([sys.executable, "-B", *sys.argv])
        os.execvp(command[0], command)
    loopback_up()
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    os.mkdir("/run/pcscd", 0o755)
    private_tmp([os.path.realpath(path) for path in (*kept, TOP)])
    subprocess.run(["mount", "-t", "proc", "proc", "/proc"], capture_output=True, check=False)


def enter_with_network():
    """Prepares the inside of namespaces that share the machine's network, screen and /tmp: only /run is
    its own, apart from /run/user. Call it in a program of command_inside(…, network=False)."""
    users = "/run/user"
    kept = f"/tmp/ukeyd.{os.getpid()}.{os.urandom(4).hex()}"
    has_users = os.path.isdir(users)
    if has_users:
        os.mkdir(kept, 0o700)
        mount("--rbind", users, kept)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    os.mkdir("/run/pcscd", 0o755)
    if has_users:
        os.mkdir(users, 0o755)
        mount("--rbind", kept, users)
        subprocess.run(["umount", "-R", kept], check=True)
        os.rmdir(kept)
    subprocess.run(["mount", "-t", "proc", "proc", "/proc"], capture_output=True, check=False)


class PrivateNetwork:
    """A network that only programs which are started through prefix() share. Ends with the caller."""

    def __init__(self):
        words = ["unshare", "-n", sys.executable, "-B", __file__]
        self.holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.holder.stdout.readline() != b"ready\n":
            raise SystemExit("no network of its own can be made")

    def prefix(self):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--"]


def hold_network():
    loopback_up()
    print("ready", flush=True)
    sys.stdin.read()


def private_tmp(kept):
    """X servers leave locks and sockets in /tmp, and would take another's for stale in here."""
    inside_tmp = [path for path in kept if path.startswith("/tmp/")]
    for number, path in enumerate(inside_tmp):
        os.mkdir(f"/run/kept{number}")
        mount("--bind", path, f"/run/kept{number}")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/tmp")
    for number, path in enumerate(inside_tmp):
        os.makedirs(path, exist_ok=True)
        mount("--bind", f"/run/kept{number}", path)


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(probe, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(probe, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


if __name__ == "__main__":
    hold_network()
