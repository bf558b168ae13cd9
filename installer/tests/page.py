"""A page of the platform that starts an operation as a real one does, and the browsers that it is opened in."""

import http.server
import json
import shutil
import ssl
import tempfile
import threading

from processes import Process, ScenarioError, run

PAGE = """<!doctype html><meta charset="utf-8"><title>延期</title><script type="module">
const agent = "https://127.0.0.1:27510/v1", asked = %s;
const tell = (what) => fetch("/result", {method: "POST", body: JSON.stringify(what)});
try {
    const body = JSON.stringify(asked), headers = {"Content-Type": "application/json"};
    const started = await fetch(`${agent}/operations`, {method: "POST", headers, body});
    let operation = await started.json();
    if (!started.ok) throw new Error(JSON.stringify(operation));
    while (!["done", "failed", "cancelled", "unconfirmed"].includes(operation.state)) {
        operation = await (await fetch(`${agent}/operations/${operation.id}?wait=5`)).json();
    }
    await tell(operation);
} catch (error) {
    await tell({state: "page-failed", error: String(error)});
}
</script>
"""
# None of them makes Chromium trust anything. The page's address counts as a public one.
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-quic"
    " --disable-background-networking --disable-component-update --disable-sync"
).split()


class PageServer:
    """Serves one page over the platform's TLS identity, and waits for what it tells."""

    def __init__(self, certificate, key, port=0):
        self.asked, self.result, self.told = None, None, threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self.handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.address = f"127.0.0.1:{self.server.server_port}"
        self.origin = f"https://{self.address}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(self):
        page = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer((PAGE % json.dumps(page.asked)).encode(), "text/html; charset=utf-8")

            def do_POST(self):
                page.result = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.answer(b"{}", "application/json")
                page.told.set()

            def answer(self, body, kind):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def open_in_chromium(self, session, log_folder, asked, meanwhile=lambda: None):
        """What the page told. meanwhile: what the person does."""
        with tempfile.TemporaryDirectory(prefix="chromium.", dir="/tmp") as profile:
            shutil.chown(profile, session.name)
            words = ["chromium", *FLAGS, f"--ip-address-space-overrides={self.address}=public", self.origin]
            folders = {"XDG_CONFIG_HOME": f"{profile}/config", "XDG_CACHE_HOME": f"{profile}/cache"}
            return self.watch(Process("chromium", session.command(words, **folders), log_folder), asked, meanwhile)

    def open_in_firefox(self, session, log_folder, asked, meanwhile=lambda: None):
        """The same in the user's own profile, which make_firefox_profile made."""
        settings = firefox_profile(session) / "user.js"
        settings.write_text("".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in {
            "network.lna.address_space.public.override": self.address,
            "browser.shell.checkDefaultBrowser": False,
            "datareporting.policy.dataSubmissionEnabled": False,
        }.items()))
        words = session.command(["firefox-esr", "--headless", "--no-remote", "--profile", firefox_profile(session), self.origin])
        return self.watch(Process("firefox", words, log_folder), asked, meanwhile)

    def watch(self, browser, asked, meanwhile, seconds=120):
        """Until the page that the browser opens has told something."""
        self.asked, self.result = asked, None
        self.told.clear()
        try:
            meanwhile()
            if not self.told.wait(seconds):
                raise ScenarioError(f"the page told nothing:\n{browser.log_text()[-3000:]}")
        finally:
            browser.stop()
        return self.result


def firefox_profile(session):
    return session.home / ".mozilla/firefox/own"


def make_firefox_profile(session):
    """A profile without anything in it, as the one that Firefox takes by itself."""
    profile = firefox_profile(session)
    profile.mkdir(parents=True)
    (profile.parent / "profiles.ini").write_text(
        "[Profile0]\nName=own\nIsRelative=1\nPath=own\nDefault=1\n\n[General]\nStartWithLastProfile=1\nVersion=2\n")
    run(["chown", "-R", f"{session.name}:", session.home / ".mozilla"])


def firefox_certificates(session):
    """The names of those that the profile keeps."""
    words = ["certutil", "-L", "-d", f"sql:{firefox_profile(session)}"]
    return session.run("env", "LD_LIBRARY_PATH=/usr/lib/firefox-esr", *words)
