"""What tells families of keys apart: how a key is made, what is secret about it, what stands where in its state file."""

import base64
import copy
import hashlib


class Family:
    """Of which every kind of key is made. secrets: what only the platform's administrator knows, as options of
    `ukey-sim create`."""

    name = None
    profiles = ()  # the first is a key's where nothing else is said
    algorithms = ()  # likewise
    single = False  # there are keys with one certificate only
    secrets = {}  # of a key that no platform manages

    def managed(self, portal, serial):
        """The secrets that the platform derives for a key that is to be made."""
        raise NotImplementedError

    def disguises(self, secrets):
        """{name: bytes}: the secrets and what they are used as."""
        raise NotImplementedError

    # ---- the state file of a key that is not plugged in ----

    def application(self, state):
        """The part of it that cases edit."""
        raise NotImplementedError

    def clear_files(self, application):
        raise NotImplementedError

    def remove_file(self, application, name):
        raise NotImplementedError

    def set_left(self, application, whose, left):
        """So many PIN tries are left. whose: user, admin."""
        raise NotImplementedError

    def pin(self, application):
        raise NotImplementedError

    def add_half_made(self, application, name):
        """A signing key of this name, and no certificate: what a broken renewal leaves."""
        raise NotImplementedError


class Gmt0017(Family):
    name = "gmt0017"
    profiles = ("gmt0017-2012", "longmai", "syno")
    algorithms = ("sm2", "rsa2048")
    secrets = {"admin-pin": "12345678"}

    def managed(self, portal, serial):
        return {"admin-pin": portal.admin_pin(serial)}

    def disguises(self, secrets):
        pin = secrets["admin-pin"].encode()
        return {"the PIN": pin, "its key": hashlib.sha1(pin.ljust(16, b"\0")).digest()[:16]}

    def application(self, state):
        return state["applications"][0]

    def clear_files(self, application):
        application["files"].clear()

    def remove_file(self, application, name):
        application["files"] = [file for file in application["files"] if file["name"] != name]

    def set_left(self, application, whose, left):
        application[f"{whose}_pin"]["left"] = left

    def pin(self, application):
        return base64.b64decode(application["user_pin"]["value"]).decode()

    def add_half_made(self, application, name):
        container = copy.deepcopy(application["containers"][0])
        container["name"] = name
        container["id"] = max(c["id"] for c in application["containers"]) + 1
        for pair in container.values():
            if isinstance(pair, dict):
                pair.pop("certificate", None)
        application["containers"].append(container)


GMT0017 = Gmt0017()
FAMILIES = {family.name: family for family in (GMT0017,)}
