#!/usr/bin/env python3
"""Turns the pages' files into C arrays: embed.py OUTPUT FILE ... A file is served under /assets, one of the
folder sdk under /sdk; index.html is the shell, served at "/"."""

import hashlib
import pathlib
import re
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
}
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}")  # what a route's segment takes


def c_bytes(content):
    lines = [content[at : at + 16] for at in range(0, len(content), 16)]
    return "".join("    " + "".join(f"{byte}," for byte in line) + "\n" for line in lines)


def main():
    output, *sources = sys.argv[1:]
    arrays, rows, paths = [], [], set()
    for index, name in enumerate(sources):
        file = pathlib.Path(name)
        folder = "/sdk" if file.parent.name == "sdk" else "/assets"
        if not NAME.fullmatch(file.name) or file.suffix not in TYPES:
            sys.exit(f"{name}: neither its name nor its kind can be served")
        path = "/" if file.name == "index.html" else f"{folder}/{file.name}"
        if path in paths:
            sys.exit(f"{name}: two files at {path}")
        paths.add(path)
        content = file.read_bytes()
        tag = hashlib.sha256(content).hexdigest()
        arrays.append(f"static const uint8_t file_{index}[] = {{\n{c_bytes(content)}    0,\n}};\n")
        rows.append(
            f'    {{"{path}", "{TYPES[file.suffix]}", "\\"{tag}\\"", file_{index}, {len(content)}}},\n'
        )
    if "/" not in paths:
        sys.exit("there is no index.html")
    text = '#include "portal/web/web_page.h"\n\n' + "".join(arrays)
    text += "const struct web_file web_files[] = {\n" + "".join(rows) + "};\n"
    text += "const size_t web_file_count = sizeof web_files / sizeof *web_files;\n"
    pathlib.Path(output).write_text(text, encoding="ascii")


main()
