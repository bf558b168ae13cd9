"""PIN dialogs that answer themselves: fake_pinentry.py with a plan of its own."""

from pathlib import Path
from urllib.parse import unquote

from card import PIN
from processes import PATIENCE, wait_until

SCRIPT = Path(__file__).resolve().parent / "fake_pinentry.py"
ALWAYS_RIGHT = (f"pin {PIN}",) * 5


class FakeDialogs:
    env = {}  # of the agent

    def __init__(self, folder, plan):
        """plan: lines as fake_pinentry.py describes them; without one the right PIN each time."""
        self.folder = Path(folder)
        self.folder.mkdir()
        self.program = self.folder / "pinentry"
        self.program.symlink_to(SCRIPT)
        (self.folder / "plan").write_text("".join(f"{line}\n" for line in plan or ALWAYS_RIGHT))

    def shown(self):
        """Each dialog that was opened, as its texts: {"kind": "GETPIN", "SETDESC": …, …}."""
        log = self.folder / "log"
        dialogs, texts = [], {}
        for line in log.read_text().splitlines() if log.exists() else []:
            command, _, argument = line.partition(" ")
            if command in ("GETPIN", "CONFIRM"):
                dialogs.append({"kind": command, "SETERROR": "", **texts})
                texts = {}
            elif command.startswith("SET"):
                texts[command] = unquote(argument)
        return dialogs

    def wait_open(self, count=1):
        """Until so many dialogs were opened: each has taken its line off the plan."""
        wait_until(lambda: len(self.shown()) >= count, PATIENCE, f"{count} dialogs were opened")

    def release(self):
        """What a dialog holds back ("held") comes now."""
        (self.folder / "go").touch()

    def replan(self, *plan):
        (self.folder / "plan").write_text("".join(f"{line}\n" for line in plan))
