"""What can happen to a call of the platform over real HTTPS, at the n-th call of each operation. A sample; with
--faults full everything at every call."""

import os

import faulty_portal as faulty
from cases import Suite, equal
from works import PIV_WORKS, WORKS

suite = Suite()

FULL = os.environ.get("UKEYD_FAULTS") == "full"
JSON, HTML = "application/json", "text/html"
PAGE = "<!DOCTYPE html><title>请登录</title>".encode()
WAIT_SECONDS = 3  # that a busy platform asks for
DAY = 86400  # that nobody waits


def busy(seconds):
    return faulty.reply(429, JSON, b"{}", headers=(("Retry-After", str(seconds)),))


def redirected(forward):
    return faulty.Reply(307, HTML, b"", headers=(("Location", "https://127.0.0.1:1/agent/v1/jobs"),))


IMPOSTOR = "impostor"
FAULTS = {
    "cut before the platform acted": faulty.hang_up,
    "cut after the platform acted": faulty.act_then_hang_up,
    "500": faulty.reply(500, HTML, PAGE),
    "503": faulty.reply(503, JSON, b"{}"),
    "429, a little later": busy(WAIT_SECONDS),
    "429, in a day": busy(DAY),
    "cut short": faulty.truncated,
    "another content type": faulty.retyped("text/plain"),
    "a page of a network's log-in": faulty.reply(200, HTML, PAGE),
    "JSON of something else": faulty.reply(200, JSON, b"{}"),
    "redirected": redirected,
    "another server's certificate": IMPOSTOR,
    "no answer": faulty.slow(90),  # longer than any step has
}
# The calls of each operation, as they come.
CALLS = {
    "renew, key kept": ("/jobs", "/request", "/confirmation"),
    "renew, key replaced": ("/jobs", "/request", "/confirmation"),
    "extend-seal": ("/jobs", "/seal", "/confirmation"),
    "reset-pin": ("/jobs", "/unblock", "/confirmation"),
}
# Of a PIV token: before anything is asked for, the platform answers its challenge.
CALLS_PIV = {
    "renew, key kept, piv-full": ("/jobs", "/unblock", "/request", "/confirmation"),
    "renew, key replaced, piv-full": ("/jobs", "/unblock", "/request", "/confirmation"),
    "extend-seal, piv-full": ("/jobs", "/unblock", "/seal", "/confirmation"),
    "reset-pin, piv-full": ("/jobs", "/unblock", "/confirmation"),
}
ALL_CALLS = {**CALLS, **CALLS_PIV}
ALL_WORKS = {**WORKS, **PIV_WORKS}


def begin(world, work_class, nth, fault):
    """The operation, whose n-th call the fault strikes."""
    work = work_class(world, faulty=True)
    work.platform.count_anew()
    if fault is IMPOSTOR:
        work.platform.impostor_at = nth
    else:
        work.platform.spoil_nth(nth, fault)
    return work, work.start()


def check_waited(platform, nth):
    """The platform was not asked again before the time that it named."""
    if len(platform.arrived) > nth:
        waited = platform.arrived[nth] - platform.arrived[nth - 1]
        assert waited >= WAIT_SECONDS, f"asked again after {waited} s"


def strike(world, name, nth, fault_name):
    """One case; False when the operation has no n-th call."""
    fault = FAULTS[fault_name]
    work, operation = begin(world, ALL_WORKS[name], nth, fault)
    seen = work.over(operation)
    if work.platform.connections < nth:
        return False
    if fault_name == "429, a little later":
        check_waited(work.platform, nth)
    if fault_name == "429, in a day" and nth == len(ALL_CALLS[name]):
        equal(seen["state"], "unconfirmed", "the state of what the platform wants to hear tomorrow")
        return True
    work.check(work.go_on(seen))
    return True


def every_call(name, fault_name):
    def perform(world):
        nth = 1
        while strike(world, name, nth, fault_name):
            world.close_case()
            world.open_case()
            nth += 1
        equal(nth - 1, len(ALL_CALLS[name]), "calls of the operation")

    return perform


def one_call(name, nth, fault_name):
    def perform(world):
        equal(strike(world, name, nth, fault_name), True, f"whether there is a call {nth}")

    return perform


QUICK = [fault for fault in FAULTS if fault != "no answer"]


def sample():
    """Each fault once, each call of each operation about once."""
    places = [(name, nth) for nth in (2, 3, 1) for name in CALLS]
    return [(*place, fault) for place, fault in zip(places, QUICK)]


def sample_piv():
    """Each fault at what a PIV token's operations ask for besides."""
    places = [(name, calls.index("/unblock") + 1) for name, calls in CALLS_PIV.items()] * 3
    return [(*place, fault) for place, fault in zip(places, QUICK)]


if FULL:
    for work_name in ALL_CALLS:
        for fault_kind in FAULTS:
            suite.add(f"{work_name}: {fault_kind}, at every call", every_call(work_name, fault_kind))
else:
    for work_name, number, fault_kind in (*sample(), *sample_piv()):
        suite.add(f"{work_name}: {fault_kind}, {ALL_CALLS[work_name][number - 1]}",
                  one_call(work_name, number, fault_kind))
