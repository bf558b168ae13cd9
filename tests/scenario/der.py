"""DER taken apart and put together: an element is (tag, bytes), or (tag, list) where it holds others."""

CONSTRUCTED = 0x20


def length_of(data, at):
    """(length, where the content begins) of the element whose length stands at `at`."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count


def elements(data):
    found, at = [], 0
    while at < len(data):
        tag = data[at]
        length, start = length_of(data, at + 1)
        content = data[start : start + length]
        found.append((tag, elements(content) if tag & CONSTRUCTED else content))
        at = start + length
    return found


def read(data):
    (only,) = elements(data)
    return only


def write(element):
    tag, content = element
    body = b"".join(map(write, content)) if isinstance(content, list) else content
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def changed(element, path, new):
    """The same with new in place of the content at path, which is a list of positions."""
    tag, content = element
    if not path:
        return tag, new
    parts = list(content)
    parts[path[0]] = changed(parts[path[0]], path[1:], new)
    return tag, parts


def at(element, path):
    """The content at path."""
    for position in path:
        element = element[1][position]
    return element[1]
