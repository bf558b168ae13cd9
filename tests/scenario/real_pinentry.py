#!/usr/bin/env python3
"""A display of its own on which a real pinentry is answered as a person would: by keys.

As a library:

    with Display() as display:
        start_the_agent(env=display.env())        # DISPLAY, no input method, no accessibility bus
        display.type_pin("123456")                # waits for the dialog, types, presses Return
        display.type_new_pin("654321")            # the same in both entries of a new PIN
        display.press("Escape")                   # cancels the dialog that is open
        display.accept()                          # the confirmation's OK button (pinentry-gtk-2)
        display.screenshot("dialog.png")

As a program, for a try by hand: real_pinentry.py PIN COMMAND... runs the command on such a display, types
the PIN into each dialog that it opens, and ends with the command's exit code.

Needs xvfb and xdotool, and openbox for Display(window_manager=True), which draws title bars.
"""

import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

SCREEN = "1280x900x24"
WINDOW_SECONDS = 15
POLL_SECONDS = 0.05
READ_SECONDS = 0.6  # a yes that comes sooner does not count: PROMPT_READ_MS in agent/prompt/prompt.h


class Display:
    """Xvfb on a free display number, for as long as the with block runs."""

    def __init__(self, window_manager=False):
        self._window_manager = window_manager
        self._processes = []
        self._folder = tempfile.TemporaryDirectory(prefix="display.")
        self.name = None
        self._seen = None  # the process of the dialog that was waited for last

    def __enter__(self):
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _open(self):
        read, write = os.pipe()
        self._start(["Xvfb", "-displayfd", str(write), "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset",
                     "-fbdir", self._folder.name],
                    pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as number:
            text = number.readline().strip()
        if not text:
            raise RuntimeError("Xvfb did not start")
        self.name = ":" + text
        if self._window_manager:
            self._start(["openbox"], env=self.env())
            # A window that is mapped while openbox starts is never shown.
            self._wait(lambda: self._xdotool("search", "--class", "openbox"), "openbox did not start")

    def __exit__(self, *_):
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        self._folder.cleanup()

    def _start(self, command, **more):
        self._processes.append(subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more))

    def env(self):
        """The caller's environment on this display."""
        env = {name: value for name, value in os.environ.items()
               if name not in ("WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "GTK_IM_MODULE")}
        env.update(DISPLAY=self.name, NO_AT_BRIDGE="1")
        return env

    def _xdotool(self, *arguments):
        return subprocess.run(["xdotool", *arguments], env=self.env(), check=False,
                              capture_output=True, text=True).stdout.split()

    @staticmethod
    def _wait(ready, complaint, seconds=WINDOW_SECONDS):
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end:
                raise TimeoutError(complaint)
            time.sleep(POLL_SECONDS)

    def window(self):
        """The dialog's window, None when there is none."""
        found = self._xdotool("search", "--onlyvisible", "--class", "pinentry")
        return found[-1] if found else None

    def wait_for_window(self, seconds=WINDOW_SECONDS):
        """The dialog's window, once it is there."""
        self._wait(self._owner, "no dialog opened", seconds)
        self._seen = self._owner()
        return self.window()

    def _owner(self):
        """The process of the dialog that is open, None when there is none. A window's number may be
        the next dialog's at once."""
        window = self.window()
        return (self._xdotool("getwindowpid", window) or [window])[0] if window else None

    def _focus(self, seconds=WINDOW_SECONDS):
        self._xdotool("windowfocus", "--sync", self.wait_for_window(seconds))

    def wait_until_closed(self, seconds=WINDOW_SECONDS):
        """Until the dialog that was seen last is gone; the next one may be open already."""
        self._wait(lambda: self._owner() != self._seen, "the dialog stays open", seconds)

    def press(self, *keys):
        """Presses keys in the dialog that is open."""
        self._focus()
        for key in keys:
            self._xdotool("key", "--clearmodifiers", key)

    def accept_at_once(self, seconds):
        """Presses OK as soon as a confirmation is there, whatever it says. False when that took longer than so
        many seconds after it was not there yet."""
        not_there = time.monotonic()
        while not (window := self.window()):
            not_there = time.monotonic()
        self._seen = self._xdotool("getwindowpid", window)[0]
        self._xdotool("windowfocus", "--sync", window, "key", "--clearmodifiers", "Tab", "key", "space")
        return time.monotonic() - not_there < seconds

    def type_pin(self, pin, seconds=WINDOW_SECONDS):
        """Waits for a dialog, types the PIN, presses Return, and waits until it has closed."""
        self._focus(seconds)
        self._xdotool("type", "--delay", "20", pin)
        self._xdotool("key", "--clearmodifiers", "Return")
        self.wait_until_closed()

    def type_twice(self, pin, again):
        """Types into both entries of a dialog for a new PIN; two Tabs pass the button between them."""
        self._focus()
        self._xdotool("type", "--delay", "20", pin)
        self._xdotool("key", "Tab", "Tab")
        self._xdotool("type", "--delay", "20", again)

    def type_new_pin(self, pin):
        """Types the new PIN twice, presses Return, and waits until the dialog has closed (pinentry-gtk-2)."""
        self.type_twice(pin, pin)
        self.press("Return")
        self.wait_until_closed()

    def accept(self):
        """Reads, and presses the OK button of a confirmation: there Return means Cancel."""
        self.wait_for_window()
        time.sleep(READ_SECONDS)
        self.press("Tab", "space")
        self.wait_until_closed()

    def geometry(self):
        """Where the dialog that is open lies: left, top, width, height, in pixels."""
        shown = self._xdotool("getwindowgeometry", "--shell", self.wait_for_window())
        found = dict(line.split("=") for line in shown)
        return tuple(int(found[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))

    def screenshot(self, file, part=None):
        """The screen as a PNG. part: left, top, width, height, None: all of it."""
        with open(os.path.join(self._folder.name, "Xvfb_screen0"), "rb") as screen:
            dump = screen.read()
        header = struct.unpack(">25I", dump[:100])  # X11/XWDFile.h; pixels are blue, green, red, unused
        width, height, line, colours = header[4], header[5], header[12], header[19]
        left, top, width, height = part or (0, 0, width, height)
        start = header[0] + colours * 12 + left * 4
        rows = bytearray()
        for y in range(top, top + height):
            pixels = dump[start + y * line:start + y * line + width * 4]
            row = bytearray(width * 3)
            row[0::3], row[1::3], row[2::3] = pixels[2::4], pixels[1::4], pixels[0::4]
            rows += b"\0" + row
        with open(file, "wb") as png:
            png.write(b"\x89PNG\r\n\x1a\n")
            for kind, data in ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
                               (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")):
                png.write(struct.pack(">I", len(data)) + kind + data)
                png.write(struct.pack(">I", zlib.crc32(kind + data)))


def answer_all(display, pin, process):
    while process.poll() is None:
        try:
            display.type_pin(pin, 1)
        except TimeoutError:
            pass


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with Display() as display:
        with subprocess.Popen(sys.argv[2:], env=display.env()) as process:
            threading.Thread(target=answer_all, args=(display, sys.argv[1], process), daemon=True).start()
            code = process.wait()
    sys.exit(code)


if __name__ == "__main__":
    main()
