"""What a browser test may ask of its world. Each public method is a call; what it gives becomes JSON."""

import json
import shutil
import time

import faulty_portal as faulty
import openssl
import opensc_read
import portal_db
from fake_dialogs import FakeDialogs
from picture import png
from processes import wait_until
from real_dialogs import RealDialogs
from real_pinentry import Display
from trust_calls import TrustCalls

PASSWORD = "Yangguang-2024"
ORGANISATION = "阳光测试有限公司"
LOG_SECONDS = 20
DRAWN_SECONDS = 0.3  # a window is there before its texts are
FAULTS = {"hang-up": faulty.hang_up, "act-then-hang-up": faulty.act_then_hang_up}


class Calls(TrustCalls):
    def __init__(self, world, file, failed):
        """failed: the folder that keeps what a failed case left."""
        self.world = world
        self.file = file
        self.failed = failed
        self.screen = None  # of headed browsers, for the whole file
        self.logins = set()
        self.started = time.monotonic()
        self.forget()

    def forget(self):
        self.cards = {}
        self.ukeyd = None
        self.dialogs = None
        self.spoiler = None
        self.sites = {}

    def perform(self, name, options):
        assert not name.startswith("_") and name not in ("perform", "forget", "close"), name
        return getattr(self, name)(**options)

    def close(self):
        if self.screen:
            self.screen.__exit__(None, None, None)

    # ---- cases ----

    def open_case(self):
        """A fresh pcscd, and nothing plugged in."""
        self.started = time.monotonic()
        self.world.open_case()

    def close_case(self, name, shown, pictures=()):
        """The case's result: shown is None when it passed, else what went wrong. pictures: files that
        show it."""
        if shown:
            shown += "".join(f"\nkept: {path}" for path in self._keep_pictures(name, pictures))
            shown += "\n" + self.world.logs()
        self.world.close_case()
        self.forget()
        seconds = round(time.monotonic() - self.started, 1)
        full = f"browser/{self.file}: {name}"
        print(json.dumps({"name": full, "ok": not shown, "seconds": seconds, "shown": shown}), flush=True)

    def _keep_pictures(self, name, pictures):
        folder = self.failed / self.file / name.replace("/", "_").replace(" ", "-")
        for path in pictures:
            folder.mkdir(parents=True, exist_ok=True)
            yield shutil.copy(path, folder)

    # ---- keys ----

    def card(self, seal=False, plugged=True, slot=0, **person):
        """A new key, known to the platform; its serial. seal: with an electronic seal on it. The other
        options are those of World.card and card.Person, such as holder, pin, managed, registered."""
        card = self.world.card(plugged=False, **person)
        if seal:
            self.world.put_seal(card, png(card.family.picture_bytes))
        if plugged:
            card.plug_in(slot)
        self.cards[card.serial] = card
        return {"serial": card.serial}

    def seal_record(self, serial):
        """The platform made a seal for the key, which does not hold it."""
        folder = self.world.case_folder
        (folder / "record.png").write_bytes(png())
        self.world.portal.make_seal(self.cards[serial], folder / "record.png", folder / "record.seal")

    def plug_in(self, serial, slot=0):
        self.cards[serial].stop()
        self.cards[serial].plug_in(slot)

    def pull_out(self, serial):
        self.cards[serial].stop()

    def key_control(self, serial, words):
        """A command of `ukey-sim control`."""
        return self.cards[serial].control(*words)

    def key_show(self, serial):
        """What is on the key, as `ukey-sim show` says."""
        return self.cards[serial].show()

    def wait_keys(self, count):
        """Until the agent sees so many keys."""
        self.world.wait_keys(self.ukeyd, count)

    # ---- the agent and its dialogs ----

    def agent(self, plan=None, real=False, start=True, wait_keys=None, prompt_seconds=60, faulty=False):
        """A new agent. plan: lines of fake_pinentry.py that answer its dialogs (default: the right PIN
        each time). real: pinentry-gtk-2 on a screen instead. faulty: the platform's answers can be
        spoiled (spoil)."""
        self.dialogs = self._dialogs(plan, real)
        platform = {}
        if faulty:
            self.spoiler = self.world.faulty_portal()
            platform = {"api": self.spoiler.api, "tls_ca": self.spoiler.tls_ca}
        self.ukeyd = self.world.agent(
            self.dialogs, start=start, wait_keys=wait_keys, prompt_seconds=prompt_seconds, **platform
        )

    def _dialogs(self, plan, real):
        if real:
            return self.world.keep(RealDialogs())
        return FakeDialogs(self.world.new_folder("d"), plan or ())

    def agent_stop(self):
        self.ukeyd.stop()

    def agent_kill(self):
        self.ukeyd.kill()

    def agent_start(self):
        self.ukeyd.start(**self.dialogs.env)

    def agent_logs(self, text):
        """Until it stands in the agent's log."""
        wait_until(lambda: text in self.ukeyd.process.log_text(), LOG_SECONDS, f"the log tells {text}")

    def agent_config(self, old, new):
        """Edits the settings of an agent that has not been started yet."""
        text = self.ukeyd.config.read_text()
        assert old in text, text
        self.ukeyd.config.write_text(text.replace(old, new))

    def agent_lists(self, origin):
        """Adds a platform to an agent that has not been started yet: the same one, with pages at origin."""
        text = self.ukeyd.config.read_text()
        section = text[text.index("[platform ") :]
        section = section.replace("[platform ", "[platform other-")
        section = section.replace(f"origin = {self.ukeyd.origin}\n", f"origin = {origin}\n")
        self.ukeyd.config.write_text(f"{text}\n{section}")

    def operations(self):
        """What `ukeyctl operations` would show."""
        return self.ukeyd.get("/v1/operations")["operations"]

    def replan(self, plan):
        """Other answers for the dialogs to come (fake dialogs only)."""
        self.dialogs.replan(*plan)

    def release(self):
        """What a dialog of the plan holds back ("held") comes now."""
        self.dialogs.release()

    def dialogs_shown(self):
        return self.dialogs.shown()

    def type_pin(self, pin):
        """Waits for the real dialog, types, presses Return, waits until it is closed."""
        self.dialogs.answer_pin(pin)

    def type_new_pin(self, pin):
        self.dialogs.display.type_new_pin(pin)

    def accept(self):
        """OK of a real confirmation."""
        self.dialogs.display.accept()

    def refuse(self):
        """Escape in the real dialog."""
        self.dialogs.cancel()
        self.dialogs.display.wait_until_closed()

    def dialog_opens(self):
        """Until a real dialog is open."""
        self.dialogs.display.wait_for_window()

    def dialog_closes(self, seconds):
        """Until the real dialog is gone by itself."""
        self.dialogs.display.wait_until_closed(seconds)

    def dialog_picture(self, path):
        """The real dialog as a PNG, once it is open and drawn."""
        display = self.dialogs.display
        place = display.geometry()
        time.sleep(DRAWN_SECONDS)
        display.screenshot(path, place)

    def spoil(self, method, path_end, fault, times=1_000_000):
        """The agent's requests of this method whose path ends so fail: hang-up (the platform never hears of
        it), act-then-hang-up."""
        self.spoiler.spoil(method, path_end, FAULTS[fault], times)

    def break_key(self, serial, method, path_end, fault):
        """Once the platform has answered such a request: a fault of `ukey-sim control`, which counts the key's
        commands from then on."""

        def act(forward):
            answer = forward()
            self.cards[serial].control("fault", *fault.split())
            return answer

        self.spoiler.spoil(method, path_end, act, times=1)

    def unspoil(self):
        self.spoiler.rules.clear()

    # ---- pcscd ----

    def pcscd_stop(self):
        self.world.pcscd.stop()

    def pcscd_start(self, readers=True):
        self.world.pcscd.start(readers)

    # ---- the platform ----

    def portal_stop(self):
        self.world.portal.stop()

    def portal_start(self):
        self.world.portal.start()

    def user(self, login, role="bidder", password=PASSWORD, name="李四", organisation=None):
        """An account of the pages, made once in a file. A bidder without an organisation is of that of the
        keys."""
        if role == "bidder":
            organisation = organisation or ORGANISATION
        if login not in self.logins:
            self.world.portal.user(login, role, password, name, organisation)
            self.logins.add(login)
        return {"login": login, "password": password}

    def many_orders(self, order, count):
        """So many copies of an order, newer than all others."""
        portal_db.many_orders(self._database(), order, count)

    def end_sessions(self):
        """Everybody's session is over."""
        portal_db.end_sessions(self._database())

    def _database(self):
        return self.world.portal.folder / "portal.db"

    def portal(self, words):
        """One command of `ukey-portal`; the JSON that it prints."""
        return self.world.portal.admin(*words)

    def order(self, serial, key="keep", approved=True):
        """A paid and submitted renewal order; its number."""
        return self.world.portal.order(self.cards[serial], key=key, approved=approved)

    def ticket(self, order, kind="renew", seconds=300):
        return self.world.portal.ticket(order, kind=kind, seconds=seconds)

    def key_ticket(self, serial, kind, seconds=300):
        return self.world.portal.key_ticket(self.cards[serial], kind, seconds)

    def reset_ticket(self, serial):
        return self.world.portal.reset_ticket(self.cards[serial])

    def opensc_certificates(self):
        """The certificates on the only key that is plugged in, as OpenSC reads them: {container: {usage:
        PEM}}."""
        (card,) = [card for card in self.cards.values() if card.process]
        found = opensc_read.READERS[card.family.name]()
        return {name: {u: openssl.pem(der) for u, der in pair.items()} for name, pair in found.items()}

    def certificates(self, serial):
        """What the platform issued for the key."""
        return self.world.portal.certificates(self.cards[serial])

    def payment_notify(self, how):
        """What becomes of the payment service's notifications: normal, lost, late, doubled."""
        self.world.payment.notify(how)

    # ---- browsers ----

    def home(self, name, without=()):
        """A further private HOME; its path. without: of "portal", "sites", "agent", what it does not trust."""
        path = self.world.folder / f"home-{name}"
        if not path.exists():
            path.mkdir()
            self.world.trust(path, without)
        return str(path)

    def firefox_profile(self, name):
        """A new profile that trusts all there is; its path."""
        path = self.world.folder / f"firefox-{name}"
        self.world.firefox_profile(path)
        return str(path)

    def display(self):
        """DISPLAY for browsers with a window."""
        if self.screen is None:
            self.screen = Display(window_manager=True)
            self.screen.__enter__()
        return self.screen.name

    def display_keys(self, keys):
        """Presses keys in whatever has the focus on that screen."""
        self.screen._xdotool("key", "--clearmodifiers", *keys)

    def display_click(self, x, y):
        self.screen._xdotool("mousemove", "--sync", str(x), str(y), "click", "1")

    def display_picture(self, path):
        self.screen.screenshot(path)

    def site(self, port, answers, plain=False):
        """A web site on 127.0.0.1:port (8450 to 8459 count as public): see site_server.py."""
        self.sites[port] = self.world.site(port, answers, plain)

    def site_stop(self, port):
        self.sites[port].stop()

    def site_requests(self, port):
        return self.sites[port].requests
