#!/usr/bin/env python3
"""Turns the numbered migrations into C arrays: embed.py OUTPUT 001_x.sql 002_y.sql ..."""

import pathlib
import re
import sys


def c_array(name, content):
    # A list of bytes: C compilers need not take string literals of more than 4095.
    lines = [content[at : at + 16] for at in range(0, len(content), 16)]
    body = "".join("    " + "".join(f"{byte}," for byte in line) + "\n" for line in lines)
    return f"static const char {name}[] = {{\n{body}    0,\n}};\n"


def main():
    output, *sources = sys.argv[1:]
    arrays, names = [], []
    for index, source in enumerate(sources, start=1):
        path = pathlib.Path(source)
        if not re.fullmatch(rf"{index:03d}_[a-z_]+\.sql", path.name):
            sys.exit(f"{path.name}: migration {index} is expected here")
        content = re.sub(rb"--[^\n]*", b"", path.read_bytes())
        if not content.isascii():
            sys.exit(f"{path.name}: not ASCII outside of comments")
        names.append(f"migration_{index}")
        arrays.append(c_array(names[-1], content))
    table = "const char *const portal_schema[] = {%s};\n" % ", ".join(names)
    count = f"const int portal_schema_version = {len(sources)};\n"
    header = '#include "portal/portal_schema.h"\n\n'
    pathlib.Path(output).write_text(header + "".join(arrays) + table + count, encoding="ascii")


main()
