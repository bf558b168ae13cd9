"""ukeyctl doctor, keys, browsers, PIN dialog and clocks: for each broken set-up it names that cause and no other."""

import json
import shutil
import time

from cases import Suite, equal
from fake_pcscd import NO_SERVICE, SECURITY_VIOLATION, FakePcscd
from patient import POLICIES, RTC, Patient, breaker
from processes import run, wait_until
from unknown_card import UnknownCard

suite = Suite()
broken = breaker(suite)
CHUID = 0x5FC102  # the data object that names a PIV token
LONG_AGO = 86400  # a clock that begins at 1970


# ---- smart cards ----


@broken("pcscd is stopped", "pcsc-no-service")
def pcscd_stopped(world):
    patient = Patient(world)
    world.pcscd.stop()
    return patient


@broken("pcscd is not the library's version", "pcsc-mismatch")
def pcscd_mismatch(world):
    patient = Patient(world, card=False)
    world.pcscd.stop()
    world.keep(FakePcscd(version=NO_SERVICE))
    return patient


@broken("pcscd refuses the user", "pcsc-no-permission")
def pcscd_refuses(world):
    patient = Patient(world, card=False)
    world.pcscd.stop()
    world.keep(FakePcscd(context=SECURITY_VIOLATION))
    return patient


@broken("pcscd says nothing, ever", "check-late")
def pcscd_hangs(world):
    patient = Patient(world, card=False)
    world.pcscd.stop()
    world.keep(FakePcscd(version=None))
    return patient


@broken("no reader", "no-reader")
def no_reader(world):
    patient = Patient(world, card=False)
    world.pcscd.start(readers=False)
    return patient


@broken("a reader without a key", "no-key")
def no_key(world):
    return Patient(world, card=False)


@broken("a key that speaks HID", "key-hid")
def key_hid(world):
    patient = Patient(world, card=False)
    world.pcscd.start(readers=False)
    patient.usb("1-2", "055c", "e618", ["03"], "mToken GM3000")
    patient.usb("1-3", "046d", "c077", ["03"], "USB Optical Mouse")
    return patient


@broken("a key that is a disk", "key-mass-storage")
def key_mass_storage(world):
    patient = Patient(world, card=False)
    world.pcscd.start(readers=False)
    patient.usb("1-2", "6588", "1514", ["08", "03"])
    patient.usb("1-3", "0781", "5567", ["08"], "Cruzer Blade")
    return patient


@broken("a key whose reader has no driver", "key-no-driver")
def key_no_driver(world):
    patient = Patient(world, card=False)
    world.pcscd.start(readers=False)
    shutil.rmtree(patient.root / "usr/lib/pcsc")
    patient.usb("1-2", "096e", "0807", ["0b"], "ePass2003")
    return patient


@broken("a key of an unknown kind", "key-unsupported")
def key_unsupported(world):
    patient = Patient(world, card=False)
    UnknownCard()
    wait_until(lambda: patient.agent.get("/v1/tokens")["tokens"], 10, "the agent sees the card")
    return patient


@suite.case("keys of the PIV kind are sound keys")
def piv_keys(world):
    patient = Patient(world, card=False)
    for slot, profile in enumerate(("piv-full", "piv-plain")):
        world.card(slot=slot, profile=profile)
    world.wait_keys(patient.agent, 2)
    patient.has()


def forget_name(application):
    application["objects"] = [row for row in application["objects"] if row["tag"] != CHUID]


@broken("a PIV token without a serial number", "key-no-serial")
def piv_without_serial(world):
    patient = Patient(world, card=False)
    card = world.card(profile="piv-plain", plugged=False)
    card.edit(forget_name)
    card.plug_in()
    wait_until(lambda: patient.agent.get("/v1/tokens")["tokens"], 10, "the agent sees the card")
    return patient


@broken("a key whose PIN is locked", "pin-locked")
def pin_locked(world):
    return with_tries(world, 0)


@broken("a key with one try left", "pin-last-try")
def pin_last_try(world):
    return with_tries(world, 1)


def with_tries(world, left):
    patient = Patient(world, card=False)
    card = world.card(plugged=False)
    card.edit(lambda application: application["user_pin"].update(left=left))
    card.plug_in()
    world.wait_keys(patient.agent, 1)
    return patient


@broken("a key whose certificate is over", "certificate-expired")
def certificate_expired(world):
    patient = Patient(world, card=False)
    world.card(days_left=-3)
    world.wait_keys(patient.agent, 1)
    return patient


# ---- browsers ----


@suite.case("a browser without trust: --fix sets it")
def untrusted(world):
    patient = Patient(world, start=False)
    patient.start(trust=False)
    patient.has("trust-missing")
    found = patient.doctor("--fix")
    equal(found["findings"], [], "the findings afterwards")


@broken("a browser's database that is damaged", "trust-failed")
def database_damaged(world):
    patient = Patient(world)
    (patient.agent.folder / ".pki/nssdb/cert9.db").write_bytes(b"no database" * 1000)
    return patient


FIREFOX = "etc/firefox/policies/policies.json"


def with_firefox(world, **policies):
    patient = Patient(world, start=False)
    patient.write("usr/bin/firefox", "")
    patient.write(FIREFOX, json.dumps({"policies": policies}))
    patient.start()
    return patient


@broken("Firefox without the policy of certificates", "trust-no-policy")
def firefox_without_policy(world):
    return with_firefox(world)


@broken("policies of Firefox that are no JSON", "policy-failed")
def firefox_policies_damaged(world):
    patient = with_firefox(world)
    patient.write(FIREFOX, '{"policies": {')
    return patient


@broken("a Firefox that was not started since", "trust-restart")
def firefox_not_restarted(world):
    patient = with_firefox(world, Certificates={"Install": ["ukeyd.pem"]}, LocalNetworkAccess={"SkipDomains": ["127.0.0.1"]})
    profile = patient.agent.folder / ".mozilla/firefox/abcd.default"
    profile.mkdir(parents=True)
    run(["certutil", "-N", "-d", f"sql:{profile}", "--empty-password"])
    return patient


@broken("no policy", "policy-missing")
def policy_missing(world):
    patient = Patient(world)
    shutil.rmtree(patient.root / POLICIES)
    return patient


@broken("a policy for another platform", "policy-outdated")
def policy_outdated(world):
    patient = Patient(world)
    patient.allow("https://other.example")
    return patient


@broken("a policy that blocks", "policy-blocked")
def policy_blocked(world):
    patient = Patient(world)
    patient.write(f"{POLICIES}/strict.json", '{"LoopbackNetworkBlockedForUrls": ["*"]}')
    return patient


@broken("a policy that overrides", "policy-overridden")
def policy_overridden(world):
    patient = Patient(world)
    patient.write(f"{POLICIES}/zz.json", '{"LoopbackNetworkAllowedForUrls": ["https://intranet.example"]}')
    return patient


# ---- the PIN dialog ----


@broken("no pinentry", "pinentry-missing")
def no_pinentry(world):
    patient = Patient(world)
    text = patient.agent.config.read_text()
    patient.agent.config.write_text(text.replace(str(patient.agent.dialogs.program), "/opt/none/pinentry"))
    return patient


@broken("a pinentry for terminals", "pinentry-text")
def text_pinentry(world):
    patient = Patient(world)
    program = world.case_folder / "pinentry-curses"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = patient.agent.config.read_text()
    patient.agent.config.write_text(text.replace(str(patient.agent.dialogs.program), str(program)))
    return patient


@broken("no desktop", "no-display")
def no_display(world):
    patient = Patient(world, start=False)
    del patient.agent.env["WAYLAND_DISPLAY"]
    patient.start()
    return patient


@broken("the desktop is gone", "display-gone")
def display_gone(world):
    patient = Patient(world)
    patient.screen.stop()
    return patient


# ---- clocks ----


@broken("a clock that is a day ahead", "clock-wrong")
def clock_wrong(world):
    return Patient(world), {"UKEYD_TEST_NOW": str(int(time.time()) + 86400)}


@broken("a clock at 1970", "clock-reset")
def clock_reset(world):
    return Patient(world), {"UKEYD_TEST_NOW": str(LONG_AGO)}


@broken("a hardware clock at 1970", "rtc-reset")
def rtc_reset(world):
    patient = Patient(world)
    patient.write(RTC, f"{LONG_AGO}\n")
    return patient
