"""The line between the world and the test: node asks, Python does; one JSON object a line.

{"id": 1, "call": "card", "with": {…}} is answered by {"id": 1, "result": …} or {"id": 1, "error": "…"}.
Each call has a thread of its own, so that a test may wait for two things at once."""

import json
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

WIDTH = 4  # calls at once


class Talk:
    def __init__(self, node, calls):
        self.node = node
        self.calls = calls
        self.lock = threading.Lock()

    def run(self):
        """Until node closes its output."""
        with ThreadPoolExecutor(WIDTH) as pool:
            for line in self.node.stdout:
                if line.startswith('{"id":'):
                    pool.submit(self.answer, json.loads(line))

    def answer(self, asked):
        reply = {"id": asked["id"]}
        try:
            reply["result"] = self.calls.perform(asked["call"], asked["with"])
        except Exception:  # the test's call fails with what went wrong here
            reply["error"] = traceback.format_exc()
        with self.lock:
            try:
                self.node.stdin.write(json.dumps(reply) + "\n")
                self.node.stdin.flush()
            except (BrokenPipeError, ValueError):
                pass  # node is gone
