"""Who may include whom: the table of ARCHITECTURE.md, for our headers and for third-party ones."""

from pathlib import Path

from sources import files, folder_rule, includes

# Folder (or one file) -> what it may include: folders end with "/", headers are named. Its own folder
# always. The longest fitting key decides.
OURS = {
    "base/": (),
    "certs/": ("base/",),
    "http/": ("base/",),
    "token/": ("base/",),
    "token/token_drivers.c": (
        "base/",
        "token/gmt0017/gmt0017_driver.h",
        "token/piv/piv_driver.h",
    ),
    "token/gmt0017/": ("base/", "token/"),
    "token/piv/": ("base/", "token/"),
    # The virtual key shares no command builder and no parser with the driver.
    "token/virtual/": ("base/", "token/channel.h"),
    "agent/launch/": ("base/",),
    "agent/prompt/": ("base/", "agent/launch/launch.h"),
    "agent/sandbox/": ("base/",),
    "agent/remote/": ("base/", "certs/"),
    "agent/ops/": (
        "base/",
        "certs/",
        "token/token.h",
        "token/token_monitor.h",
        "agent/remote/remote.h",
        "agent/prompt/prompt.h",
    ),
    "agent/web/": ("base/", "http/", "agent/ops/ops.h"),
    "agent/trust/": ("base/", "certs/loopback.h", "agent/child.h", "agent/launch/launch.h"),
    "agent/child.c": ("base/", "agent/child.h"),
    "agent/child.h": ("base/",),
    "agent/proxy/": ("base/", "agent/child.h", "agent/launch/launch.h"),
    "agent/doctor/": (
        "base/",
        "certs/",
        "agent/child.h",
        "agent/config.h",
        "agent/ops/op_journal.h",
        "agent/proxy/",
        "agent/trust/",
        "token/pcsc.h",
    ),
    "agent/ctl/": (
        "base/",
        "certs/",
        "agent/child.h",
        "agent/config.h",
        "agent/config_roots.h",
        "agent/doctor/",
        "agent/trust/",
    ),
    # main, daemon, config and options: the place where everything is put together.
    "agent/": ("base/", "certs/", "http/", "token/token_monitor.h", "agent/"),
    "portal/": ("base/", "certs/", "http/"),
    "tests/": ("base/", "certs/", "http/", "token/", "agent/", "portal/"),
}
# A folder's rule does not reach into these: they are other subjects.
NOT_INSIDE = {
    "token/": ("token/gmt0017/", "token/piv/", "token/virtual/"),
    "token/gmt0017/": ("token/piv/", "token/virtual/"),
    "token/piv/": ("token/gmt0017/", "token/virtual/"),
}

# Start of a third-party header -> its homes.
HOMES = {
    "microhttpd": ("http/",),
    "wslay/": ("http/",),
    "winscard": ("token/channel_pcsc.c", "token/token_monitor.c", "token/pcsc.c", "token/pcsc.h"),
    "pcsclite": ("token/channel_pcsc.c", "token/token_monitor.c", "token/pcsc.c", "token/pcsc.h"),
    "wintypes": ("token/channel_pcsc.c", "token/token_monitor.c", "token/pcsc.c", "token/pcsc.h"),
    "curl/": ("agent/remote/", "agent/ctl/ctl_client.c", "agent/doctor/doctor_fetch.c", "portal/pay/"),
    "cjson/": ("base/json.c",),
    "sqlite3": ("agent/ops/op_journal.c", "portal/portal_db.c"),
    "openssl/": (
        "certs/",
        "base/",
        "http/",
        "portal/",
        "token/gmt0017/gmt0017_pin.c",
        "token/virtual/",
    ),
    "ini.h": ("agent/config_file.c", "portal/", "token/gmt0017/gmt0017_profile_file.c"),
    "systemd/": ("agent/",),
    "seccomp.h": ("agent/sandbox/",),
    "zlib.h": ("token/piv/piv_gzip.c",),
    "cmocka": ("tests/unit/",),
}


def may_include_ours(name, header):
    own = folder_rule({key: key for key in OURS if key.endswith("/")}, name)
    allowed = (*folder_rule(OURS, name), own)
    if name.startswith("tests/") and "/" not in header:
        return True  # a fixture beside the test
    inside_other = header.startswith(NOT_INSIDE.get(own, ()))
    return header in allowed or (
        header.startswith(tuple(a for a in allowed if a.endswith("/"))) and not inside_other
    )


def may_include_system(name, header):
    homes = folder_rule(HOMES, header)
    return homes is None or name.startswith(homes) or name.startswith("tests/")


def findings(top):
    found = []
    for name in files(top, ".c", ".h"):
        if folder_rule(OURS, name) is None:
            found.append(f"{name}: no rule for this folder (tests/lint/include_rules.py)")
            continue
        for line, ours, system in includes((Path(top) / name).read_text()):
            if ours and not may_include_ours(name, ours):
                found.append(f"{name}:{line}: may not include {ours}")
            if system and not may_include_system(name, system):
                found.append(f"{name}:{line}: {system} belongs to {', '.join(folder_rule(HOMES, system))}")
    return found
