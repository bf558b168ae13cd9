"""A world: one platform, and for each case a fresh pcscd, fresh keys and a fresh agent."""

from pathlib import Path

from agent import Agent
from card import Card, Person
from faulty_portal import FaultyPortal
from fake_dialogs import FakeDialogs
from pcscd import Pcscd
from portal import Portal
from processes import PATIENCE, wait_until

LOG_LINES = 60  # shown of each log when a case failed


class World:
    portal_class = Portal

    def __init__(self, programs, folder, template, vpcd_library):
        """template: an initialised platform's folder."""
        self.programs = Path(programs)
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.pcscd = Pcscd(self.folder, vpcd_library)
        self.portal = self.portal_class(self.programs, template, self.folder / "portal")
        self.number = 0
        self.case_folder = None
        self.things = []  # of the present case: each has stop() or end()

    def open_case(self):
        """A new pcscd too: an old one takes up to 400 ms to notice that the last case's key is gone."""
        self.number += 1
        self.case_folder = self.folder / f"c{self.number}"
        self.case_folder.mkdir()
        self.pcscd.stop()
        self.pcscd.start()
        if self.portal.process is None or not self.portal.process.running():
            self.portal.start()

    def close_case(self):
        for thing in reversed(self.things):
            thing.stop()
        self.things.clear()

    def close(self):
        self.close_case()
        self.portal.stop()
        self.pcscd.stop()

    def keep(self, thing):
        """Ends it with the case."""
        self.things.append(thing)
        return thing

    def new_folder(self, letter):
        """A path in the case's folder that is not taken; short, because sockets lie below."""
        taken = len(list(self.case_folder.glob(f"{letter}*")))
        return self.case_folder / f"{letter}{taken}"

    # ---- what a case is made of ----

    def card(self, slot=0, registered=True, plugged=True, managed=False, **person):
        """A new key, known to the platform, plugged in. managed: its secrets are those that the platform
        derives. person: fields of card.Person."""
        made = Person(**{"serial": None, **person})
        family = made.family
        made.serial = made.serial or family.serial(made.profile, 1000 * self.number + len(self.things))
        if managed or family.always_managed:
            made.secrets = family.managed(self.portal, made)
        card = Card(self.programs, self.case_folder, made, self.portal.issuer(made.algorithm))
        self.keep(card)
        if registered:
            self.portal.register(card)
        if plugged:
            card.plug_in(slot)
        return card

    def put_seal(self, card, picture, name="seal", **options):
        """A seal with this picture (PNG), made for the key's present certificate, goes onto the key, which
        must not be plugged in."""
        path = self.case_folder / f"{card.serial}-{name}.png"
        path.write_bytes(picture)
        sealed = path.with_suffix(".seal")
        self.portal.make_seal(card, path, sealed, **options)
        card.put_file(sealed, name)

    def replug(self, agent, card, meanwhile=None, **options):
        """Pulls the key out and plugs it in anew. meanwhile(): done in between; options: of plug_in."""
        card.stop()
        self.wait_keys(agent, 0)
        if meanwhile:
            meanwhile()
        card.plug_in(**options)
        self.wait_listed(agent, card)

    def put_back(self, agent, card):
        """A key that was pulled out, also one that pulled itself out by a fault."""
        self.wait_keys(agent, 0)
        card.control("insert")
        self.wait_listed(agent, card)

    def dialogs(self, *plan):
        """A pinentry that answers its dialogs one after the other, as planned."""
        return FakeDialogs(self.new_folder("d"), plan)

    def agent(self, dialogs=None, start=True, wait_keys=None, **options):
        """A new agent. dialogs: what answers its PIN dialogs (default: the right PIN, always);
        wait_keys: how many keys it must see before the case goes on (default: those plugged in)."""
        dialogs = dialogs or self.dialogs()
        agent = Agent(
            self.programs, self.new_folder("a"), self.portal, pinentry=dialogs.program, **options
        )
        agent.dialogs = dialogs
        self.keep(agent)
        if start:
            agent.start(**dialogs.env)
            wanted = wait_keys if wait_keys is not None else self.plugged_count()
            self.wait_keys(agent, wanted)
        return agent

    def plugged_count(self):
        return sum(isinstance(t, Card) and t.process is not None for t in self.things)

    def wait_keys(self, agent, count):
        wait_until(lambda: agent.get("/v1/status")["keys"] == count, PATIENCE, f"the agent sees {count} keys")

    def wait_listed(self, agent, *cards):
        """Until the agent can read these keys, and no others are there: pcscd takes a while to start one."""
        wanted = sorted(card.serial for card in cards)
        listed = lambda: sorted(t.get("serial", "") for t in agent.get("/v1/tokens")["tokens"])
        wait_until(lambda: listed() == wanted, PATIENCE, f"the agent reads {wanted}")

    def faulty_portal(self):
        folder = self.case_folder / "faulty"
        return self.keep(FaultyPortal(folder, self.portal.origin, self.portal.tls_ca))

    def ticket(self, card, kind="renew", key="keep", approved=True, seconds=300):
        """A new order for the card and a ticket for it."""
        order = self.portal.order(card, key=key, approved=approved)
        return self.portal.ticket(order, kind=kind, seconds=seconds)

    # ---- when a case failed ----

    def logs(self):
        """The end of every log of the world and of the present case."""
        texts = []
        for path in [*sorted(self.folder.glob("*.log")), *sorted(self.case_folder.rglob("*.log"))]:
            lines = path.read_text(errors="replace").splitlines()[-LOG_LINES:]
            texts.append("\n".join([f"---- {path.name}", *lines]))
        return "\n".join(texts)
