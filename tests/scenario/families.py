"""What tells families of keys apart: how a key is made, what is secret about it, what stands where in its state file."""

import base64
import copy
import hashlib

from picture import USUAL


class Family:
    """Of which every kind of key is made. secrets: what only the platform's administrator knows, as options of
    `ukey-sim create`."""

    name = None
    profiles = ()
    algorithms = ()  # the first is a key's where nothing else is said
    single = False  # there are keys with one certificate only
    secrets = {}  # of a key that no platform manages
    always_managed = False  # nothing can be written to a key that no platform manages
    decrypts_with = "encrypt"  # the certificate that others encipher to
    picture_bytes = USUAL  # of a seal that the key has room for
    delivered = ()  # of the secrets: those that the agent gets for a moment
    pin_in_clear = False  # the PIN goes to the key as it is
    costly = set()  # commands, as the key's statistics call them, that may cost a try of the administrator's
    unblock = None  # how the command that resets the PIN begins, as a trace writes it
    moving = ()  # what show() tells of a pair and a renewal may change, though the pair stays as it is

    def register_profile(self, profile):
        """As the platform's register calls keys of this profile."""
        raise NotImplementedError

    def serial(self, profile, number):
        """The number, as a serial of this profile's form."""
        raise NotImplementedError

    def managed(self, portal, person):
        """The secrets that the platform derives for a key that is to be made."""
        raise NotImplementedError

    def disguises(self, secrets):
        """{name: bytes}: the secrets and what they are used as."""
        raise NotImplementedError

    def says_default(self, profile):
        """Whether keys of this profile say that their PIN is the initial one."""
        return True

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
    unblock = "841A"
    costly = {"VerifyPIN", "UnblockPIN", "ChangePIN"}

    def register_profile(self, profile):
        return profile

    def serial(self, profile, number):
        return f"T{number:07d}"

    def managed(self, portal, person):
        return {"admin-pin": portal.admin_pin(person.serial)}

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


class Piv(Family):
    name = "piv"
    profiles = ("piv-full", "piv-5.4", "piv-plain", "piv-odd")
    algorithms = ("p256", "p384", "rsa2048")
    single = True
    always_managed = True
    decrypts_with = "sign"
    picture_bytes = 600
    delivered = ("the PUK",)
    pin_in_clear = True
    unblock = "002C00"
    costly = {"CHANGE REFERENCE DATA", "RESET RETRY COUNTER"}
    moving = ("name", "slot")
    management = {"piv-full": "aes192", "piv-5.4": "3des", "piv-plain": "3des", "piv-odd": "aes128"}
    numbered = ("piv-full", "piv-5.4")  # the others tell a GUID
    file_tags = (0x5FFF10, 0x5FFF11)
    file_name = b"\x80"  # inside these, its length behind it
    pins = {"user": "pin", "admin": "puk"}

    def register_profile(self, profile):
        return self.name

    def serial(self, profile, number):
        return str(10_000_000 + number) if profile in self.numbered else f"{number:032X}"

    def managed(self, portal, person):
        algorithm = self.management[person.profile]
        found = portal.piv_secrets(person.serial, algorithm)
        return {
            "puk": found["puk"],
            "management-key": found["management_key"],
            "management-algorithm": algorithm,
        }

    def disguises(self, secrets):
        key = bytes.fromhex(secrets["management-key"])
        return {"the PUK": secrets["puk"].encode(), "the management key": key}

    def says_default(self, profile):
        return profile in self.numbered

    def application(self, state):
        return state

    def clear_files(self, application):
        self._keep(application, lambda content: False)

    def remove_file(self, application, name):
        named = self.file_name + bytes([len(name)]) + name.encode()
        self._keep(application, lambda content: not content.startswith(named))

    def _keep(self, application, wanted):
        application["objects"] = [
            thing
            for thing in application["objects"]
            if thing["tag"] not in self.file_tags or wanted(base64.b64decode(thing["content"]))
        ]

    def set_left(self, application, whose, left):
        application[self.pins[whose]]["left"] = left

    def pin(self, application):
        return base64.b64decode(application["pin"]["value"]).rstrip(b"\xff").decode()


GMT0017, PIV = Gmt0017(), Piv()
FAMILIES = {family.name: family for family in (GMT0017, PIV)}


def family_of(profile):
    return PIV if profile in PIV.profiles else GMT0017
