"""The portal's lists and job endpoints with few and with many orders, over HTTPS with keep-alive. The sizes
take turns request by request, so that what else the machine does falls on all of them alike."""

import base64
import http.client
import json
import random
import sqlite3
import ssl
import statistics
import time
from urllib.parse import quote, urlsplit

from card import Card, Person
from portal import Portal
from web_client import Visitor, add_user

SIZES = (10, 1000, 100_000)
ROUNDS = 300
WARM_ROUNDS = 5
AIM = 2.0  # the list's 99th percentile with the most orders against that with 1,000
DAY, START = 86400, 1_700_000_000
OWN = "阳光测试有限公司"
NAMES = ("山羽东产权", "测试单位五", "齐鲁建设", "泉城招标", "海岱工程", "泰山咨询")
PEOPLE = "赵钱孙李周吴郑王冯陈"
STATES = ("编辑中", "编辑中", "待审核", "审核通过", "审核通过", "审核通过", "审核不通过")


# ---- many orders ----


def seed(path, count):
    """So many orders, a tenth of them of one organisation, each with a key of its own."""
    with sqlite3.connect(path) as database:
        own = database.execute("SELECT id FROM organisation WHERE name = ?", (OWN,)).fetchone()[0]
        insert_people(database, own, count)
        insert_orders(database, own, count)
    database.close()


def organisation_of(i, own):
    return own if i % 10 == 0 else 1000 + i % 997


def insert_people(database, own, count):
    others = {organisation_of(i, own) for i in range(count)} - {own}
    database.executemany(
        "INSERT INTO organisation (id, name, created_utc) VALUES (?, ?, 0)",
        [(i, f"{NAMES[i % len(NAMES)]}{i}公司") for i in others],
    )
    holders = {(organisation_of(i, own), i % 7) for i in range(count)}
    database.executemany(
        "INSERT INTO holder (id, organisation_id, name, created_utc) VALUES (?, ?, ?, 0)",
        [(o * 10 + n + 100_000, o, PEOPLE[n] + PEOPLE[o % 10] + str(n)) for o, n in holders],
    )
    database.executemany(
        "INSERT INTO key (id, serial, number, profile, holder_id, created_utc) VALUES (?, ?, ?, ?, ?, 0)",
        [
            (1000 + i, f"2021{i:011d}", str(2_059_000_000 + i), "gmt0017-2012",
             organisation_of(i, own) * 10 + i % 7 + 100_000)
            for i in range(count)
        ],
    )


def insert_orders(database, own, count):
    choice = random.Random(1)
    rows, issues = [], []
    for i in range(count):
        state = choice.choice(STATES)
        at = START + i * 60
        paid = at if state != STATES[0] or choice.random() < 0.3 else None
        day = time.strftime("%Y%m%d", time.gmtime(START + i // 1000 * DAY))
        number = f"{day}{i % 1000 + 1:06d}"
        rows.append((number, 1000 + i, organisation_of(i, own), paid, state, at, at, i + 1))
        if state == "审核通过" and choice.random() < 0.8:
            issues.append((number, at))
    database.executemany(
        "INSERT INTO renewal_order (number, key_id, organisation_id, fee_kind, months, fee_fen, paid_utc, state, "
        "key_policy, algorithm, dual, created_utc, changed_utc, revision) "
        "VALUES (?, ?, ?, '续费', 12, 24000, ?, ?, 'keep', 'sm2', 1, ?, ?, ?)",
        rows,
    )
    database.executemany(
        "INSERT INTO issue (order_number, job_id, public_key_sha256, state, created_utc, changed_utc) "
        "VALUES (?, 'x', randomblob(32), 'confirmed', ?, ?)",
        [(number, at, at) for number, at in issues],
    )


# ---- one portal ----


class Browser:
    """A session on one connection that stays open."""

    def __init__(self, portal, login):
        self.visitor = Visitor(portal.origin, portal.tls_ca)
        self.visitor.log_in(login)
        tls = ssl.create_default_context(cafile=str(portal.tls_ca))
        self.connection = http.client.HTTPSConnection(urlsplit(portal.origin).netloc, context=tls, timeout=60)

    def get(self, path):
        return self.ask("GET", f"/web/v1{path}", None, self.visitor.headers())

    def ask(self, method, path, body, headers):
        """The server closes a connection that rested for ten seconds."""
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            self.connection.close()
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
        return response.status, response.read()


class Site:
    def __init__(self, programs, template, folder, count):
        self.count = count
        self.portal = Portal(programs, template, folder / f"p{count}")
        self.portal.admin("organisation", "add", "--name", OWN)
        self.portal.organisations.add(OWN)
        self.card = Card(programs, folder, Person(serial=f"B{count}", single=True), self.portal.issuer("sm2"))
        seed(self.portal.folder / "portal.db", count)
        self.portal.register(self.card)
        self.ticket = self.portal.ticket(self.portal.order(self.card))
        add_user(self.portal, "zhang", "bidder", OWN)
        add_user(self.portal, "shen", "reviewer")
        self.portal.start()
        self.bidder = Browser(self.portal, "zhang")
        self.reviewer = Browser(self.portal, "shen")
        self.random = random.Random(2)

    def stop(self):
        self.portal.stop()

    def middle(self):
        """A cursor from anywhere in the list."""
        return f"o{self.random.randrange(1, self.count + 1):016x}"

    def number(self):
        i = self.random.randrange(self.count)
        return time.strftime("%Y%m%d", time.gmtime(START + i // 1000 * DAY)) + f"{i % 1000 + 1:06d}"

    def serial(self):
        return f"2021{self.random.randrange(self.count):011d}"

    def redeem(self, ticket):
        with open(self.card.certificate_file("sign"), encoding="ascii") as file:
            der = "".join(line.strip() for line in file if "-----" not in line)
        assert base64.b64decode(der)
        token = {"serial": self.card.serial, "model": "m"}
        body = json.dumps({"ticket": ticket, "agent": "ukeyd/0", "token": token, "certificates": [der]})
        headers = {"Content-Type": "application/json"}
        return self.reviewer.ask("POST", "/agent/v1/jobs", body, headers)


# Name, the aim's row?, the request, and the status that it must have.
ENDPOINTS = (
    ("orders: first page", True, lambda s: s.reviewer.get("/orders"), 200),
    ("orders: a page in the middle", True, lambda s: s.reviewer.get(f"/orders?after={s.middle()}"), 200),
    ("orders: own organisation", True, lambda s: s.bidder.get("/orders"), 200),
    ("orders: by state", True, lambda s: s.reviewer.get(f"/orders?state={quote(STATES[2])}&after={s.middle()}"), 200),
    ("orders: unpaid and approved (none)", True,
     lambda s: s.reviewer.get(f"/orders?paid=false&state={quote('审核通过')}"), 200),
    ("orders: own, unpaid", True, lambda s: s.bidder.get("/orders?paid=false"), 200),
    ("one order", False, lambda s: s.reviewer.get(f"/orders/{s.number()}"), 200),
    ("search: an order's number", False, lambda s: s.reviewer.get(f"/orders?search={s.number()}"), 200),
    ("search: a key's serial", False, lambda s: s.reviewer.get(f"/orders?search={s.serial()}"), 200),
    ("search: two characters that many have", False,
     lambda s: s.reviewer.get(f"/orders?search={quote('公司')}&after={s.middle()}"), 200),
    ("search: one character", False, lambda s: s.reviewer.get(f"/orders?search={quote('赵')}"), 200),
    ("search: what the oldest have", False, lambda s: s.reviewer.get("/orders?search=20231114"), 200),
    ("search: two words and a state", False,
     lambda s: s.reviewer.get(f"/orders?search={quote('齐鲁 孙')}&state={quote(STATES[2])}"), 200),
    ("search: nothing has it", False, lambda s: s.reviewer.get(f"/orders?search={quote('没有此人')}"), 200),
    ("search: own organisation", False, lambda s: s.bidder.get("/orders?search=2021"), 200),
    ("keys: first page", False, lambda s: s.reviewer.get("/keys"), 200),
    ("keys: own organisation", False, lambda s: s.bidder.get("/keys"), 200),
    ("keys: search", False, lambda s: s.reviewer.get(f"/keys?search={s.serial()}"), 200),
    ("job: a ticket that is not known", False, lambda s: s.redeem("0" * 64), 404),
    ("job: a ticket that was redeemed", False, lambda s: s.redeem(s.ticket), 200),
)


def measured(sites, act, status):
    """Milliseconds of each request, by size."""
    times = {site.count: [] for site in sites}
    for _ in range(WARM_ROUNDS + ROUNDS):
        for site in sites:
            started = time.perf_counter()
            found, content = act(site)
            times[site.count].append((time.perf_counter() - started) * 1000)
            assert found == status, (found, content[:300])
    return {count: taken[WARM_ROUNDS:] for count, taken in times.items()}


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def line(*cells):
    print("  ".join(str(cell).ljust(width) for cell, width in zip(cells, (38, 16, 16, 16, 24))).rstrip(), flush=True)


def bench_web(programs, template, folder):
    sites = []
    try:
        for count in SIZES:
            sites.append(Site(programs, template, folder, count))
        print(f"\nThe pages' interface over HTTPS, keep-alive, {ROUNDS} requests each: median / 99th percentile, ms")
        line("", *(f"{count:,} orders" for count in SIZES), "p99, most / 1,000")
        for name, aimed, act, status in ENDPOINTS:
            times = measured(sites, act, status)
            shown = [f"{statistics.median(t):.2f} / {percentile(t, 0.99):.2f}" for t in times.values()]
            ratio = percentile(times[SIZES[-1]], 0.99) / percentile(times[SIZES[1]], 0.99)
            line(name, *shown, f"{ratio:.2f}" + (f"  aim: at most {AIM:.0f}" if aimed else ""))
    finally:
        for site in sites:
            site.stop()
