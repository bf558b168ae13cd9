"""Real PIN dialogs: pinentry-gtk-2 on a display of their own, answered by keys."""

from real_pinentry import Display

PROGRAM = "/usr/bin/pinentry-gtk-2"


class RealDialogs:
    program = PROGRAM

    def __init__(self):
        self.display = Display()
        self.display.__enter__()
        shown = self.display.env()
        self.env = {name: shown[name] for name in ("DISPLAY", "NO_AT_BRIDGE")}

    def answer_pin(self, pin):
        """Waits for the dialog, types the PIN, presses Return."""
        self.display.type_pin(pin)

    def screenshot(self, path):
        self.display.screenshot(path)

    def cancel(self):
        self.display.press("Escape")

    def stop(self):
        self.display.__exit__(None, None, None)
