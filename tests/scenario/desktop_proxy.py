"""The desktop's proxy, set as its control centre does, for programs with this environment."""

import os
import shutil

from processes import run

ENVIRONMENT = {"GSETTINGS_BACKEND": "keyfile"}
SCHEMAS = "/usr/share/glib-2.0/schemas/gschemas.compiled"


def is_there():
    """A computer without a desktop has no such settings."""
    return bool(shutil.which("gsettings")) and os.path.exists(SCHEMAS)


def set_keys(agent, *keys):
    """keys: (below, key, value)."""
    for below, key, value in keys:
        run(["gsettings", "set", f"org.gnome.system.proxy{below}", key, value], env={**agent.env, **ENVIRONMENT})


def set_manual(agent, url):
    host, _, port = url.removeprefix("http://").partition(":")
    set_keys(agent, ("", "mode", "manual"), (".https", "host", host), (".https", "port", port), ("", "ignore-hosts", "[]"))


def set_script(agent, url):
    set_keys(agent, ("", "mode", "auto"), ("", "autoconfig-url", url))
