"""Sockets that listen: each connection is served in a thread of its own."""

import socket
import threading


class Listening:
    """listener: a bound socket; serve(line) has the connection to itself, which is closed behind it."""

    def __init__(self, listener, serve):
        self.listener = listener
        self.serve = serve
        listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self):
        return self.listener.getsockname()[1]

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # closing alone wakes nobody who waits in accept()
        self.listener.close()

    def _accept(self):
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line):
        try:
            with line:
                self.serve(line)
        except OSError:
            pass  # the other side hung up, or refused what it was given

