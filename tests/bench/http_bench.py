"""The server of http/, and the agent on it, beside nginx: both with one thread, TLS 1.3 and a certificate of the
same kind, asked by the same client in turns, so that what else the machine does falls on all alike. Where the
client is what takes the time, rates tell little: the processor time that each answer takes tells more."""

import json
import socket
import statistics
import subprocess
from pathlib import Path

from agent import PORT
from processes import Process, run, wait_until

ANSWER = '{"agent":"bench","version":"1.0.0","api":1,"busy":false}'  # as bench_server gives it
NGINX_PORT, OWN_PORT = 18443, 18444
ROUNDS, ROUND_MS = 9, 700
ROUND_TRIPS = 1000
MANY_REQUESTS, FIRST_REQUESTS = 100_000, 5_000
AIMS = {"requests": 0.8, "handshakes": 1.0, "socket_ms": 0.3}

NGINX = """daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type application/json;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
    location / {{ return 200 '{answer}'; }}
  }}
}}
"""


class Server:
    """One of those that are compared."""

    def __init__(self, name, pid, port, path="/", origin=None):
        self.name, self.pid = name, pid
        self.asked = ["--port", port, "--path", path, *(["--origin", origin] if origin else [])]

    def cpu_us(self):
        """Processor time of all its threads until now."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1000

    def private_kb(self):
        """Memory that is its own: what it shares with others is counted by who else runs."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


class Bench:
    def __init__(self, tools, folder, row):
        self.tools, self.folder, self.row = tools, Path(folder), row
        self.processes = []
        self.folder.mkdir()

    def start(self, name, arguments, port):
        process = Process(name, arguments, self.folder)
        self.processes.append(process)
        wait_until(lambda: is_open(port) or not process.running(), 20, f"{name} listens")
        assert process.running(), process.log_text()
        return process.pid

    def stop(self):
        for process in self.processes:
            process.stop()

    def load(self, mode, server, **options):
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return json.loads(run([self.tools / "web_load", mode, *server.asked, *words]).stdout)

    def servers(self):
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        run(["openssl", "req", "-x509", *curve, "-keyout", key, "-out", certificate, "-subj", "/CN=localhost"])
        config = self.folder / "nginx.conf"
        named = {"folder": self.folder, "certificate": certificate, "key": key}
        config.write_text(NGINX.format(port=NGINX_PORT, answer=ANSWER, **named))
        nginx = self.start("nginx", ["nginx", "-p", self.folder, "-e", "nginx.log", "-c", config], NGINX_PORT)
        own = self.start("bench_server", [self.tools / "bench_server", certificate, key, OWN_PORT], OWN_PORT)
        return Server("nginx", nginx, NGINX_PORT), Server("http/, the same answer", own, OWN_PORT)

    # ---- what is measured ----

    def rounds(self, servers, mode, **options):
        """{server's name: [(answers a second, processor time of each in us)]}"""
        found = {server.name: [] for server in servers}
        for _ in range(ROUNDS):
            for server in servers:
                before = server.cpu_us()
                taken = self.load(mode, server, ms=ROUND_MS, **options)
                each = (server.cpu_us() - before) / taken["count"]
                found[server.name].append((taken["count"] / taken["seconds"], each))
        return found

    def compare(self, title, servers, mode, aim, **options):
        print(f"\n{title}: median of {ROUNDS} turns of {ROUND_MS} ms")
        self.row("", "a second", "us of the CPU", "against nginx: rate, CPU")
        found = self.rounds(servers, mode, **options)
        medians = {name: [statistics.median(part) for part in zip(*times)] for name, times in found.items()}
        rate, cpu = medians["nginx"]
        for name, (own_rate, own_cpu) in medians.items():
            shown = f"{own_rate / rate:.2f}, {cpu / own_cpu:.2f}"
            shown += f"  aim: at least {aim:.1f}" if name == servers[1].name else ""
            self.row(f"  {name}", f"{own_rate:.0f}", f"{own_cpu:.1f}", shown)

    def sockets(self, nginx, own):
        print(f"\nRound trips one after the other: median of {ROUNDS} turns of {ROUND_TRIPS}")
        self.row("", "median ms", "p99 ms", "p99 of the quietest turn")
        echo = Server("", own.pid, OWN_PORT, "/echo")
        calls = {
            "nginx, a request": lambda: self.load("requests", nginx, count=ROUND_TRIPS, connections=1),
            "WebSocket, 64 bytes": lambda: self.load("socket", echo, bytes=64, count=ROUND_TRIPS),
            "WebSocket, 4096 bytes": lambda: self.load("socket", echo, bytes=4096, count=ROUND_TRIPS),
        }
        taken = {name: [] for name in calls}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                taken[name].append(call())
        for name, turns in taken.items():
            middle, last = ([turn[part] / 1000 for turn in turns] for part in ("p50_us", "p99_us"))
            shown = f"{min(last):.3f}" + (f"  aim: at most {AIMS['socket_ms']} ms" if "Socket" in name else "")
            self.row(f"  {name}", f"{statistics.median(middle):.3f}", f"{statistics.median(last):.3f}", shown)

    def memory(self, servers):
        print(f"\nMemory of its own, kB, after {FIRST_REQUESTS:,} and after {MANY_REQUESTS:,} further requests")
        self.row("", "before", "after", "aim: no growth")
        for server in servers:
            self.load("requests", server, count=FIRST_REQUESTS, connections=8)
            before = server.private_kb()
            self.load("requests", server, count=MANY_REQUESTS, connections=8)
            after = server.private_kb()
            self.row(f"  {server.name}", before, after, f"{after - before:+d}")


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def bench_http(world, tools, row):
    """world: an open case, whose agent is measured too. row: prints one line."""
    version = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr.strip()
    print(f"\nHTTP against {version.rpartition(' ')[2]}, TLS 1.3, P-256, one thread each")
    agent = world.agent()
    bench = Bench(Path(tools), world.case_folder / "http", row)
    try:
        status = Server("ukeyd, GET /v1/status", agent.process.pid, PORT, "/v1/status", agent.origin)
        servers = [*bench.servers(), status]
        bench.compare("Requests on 8 connections", servers, "requests", AIMS["requests"], connections=8)
        title = "Full handshakes, each with a request, 4 at once"
        bench.compare(title, servers, "handshakes", AIMS["handshakes"], connections=4)
        bench.memory(servers)
        bench.sockets(*servers[:2])
    finally:
        bench.stop()
