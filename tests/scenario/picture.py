"""Pictures for seals: a red ring on white, or a small black one, as a PNG of exactly so many bytes, the same every
time."""

import random
import struct
import zlib

SMALL_SIDE = 24  # pixels of a black one
SIDE = 112  # pixels; the ring's grain makes about 6 KB of them
SMALLEST = 8 * 1024  # of red ones
USUAL = 12 * 1024  # a seal's picture as keys carry it
OUTER, INNER = 0.95, 0.62  # radii, of half a side
OVERHEAD = 12  # of a chunk: length, name, checksum


def chunk(name, content):
    body = name + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def rows(seed):
    grain = random.Random(seed)
    half = SIDE / 2
    for y in range(SIDE):
        line = bytearray(b"\0")
        for x in range(SIDE):
            radius = ((x - half + 0.5) ** 2 + (y - half + 0.5) ** 2) ** 0.5 / half
            line.append(grain.randrange(128) if INNER < radius < OUTER else 255)
        yield bytes(line)


def red(seed):
    shades = b"".join(bytes([200 + n // 6, n // 3, n // 3]) for n in range(128)) + b"\xff" * 384
    return [
        chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 3, 0, 0, 0)),
        chunk(b"PLTE", shades),
        chunk(b"IDAT", zlib.compress(b"".join(rows(seed)), 9)),
    ]


def black(seed):
    """One bit a pixel."""
    half = SMALL_SIDE / 2
    inner = INNER - seed / 20
    lines = bytearray()
    for y in range(SMALL_SIDE):
        radii = [((x - half + 0.5) ** 2 + (y - half + 0.5) ** 2) ** 0.5 / half for x in range(SMALL_SIDE)]
        bits = "".join("0" if inner < radius < OUTER else "1" for radius in radii)
        lines += b"\0" + int(bits, 2).to_bytes(SMALL_SIDE // 8, "big")
    header = struct.pack(">IIBBBBB", SMALL_SIDE, SMALL_SIDE, 1, 0, 0, 0, 0)
    return [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(lines), 9))]


def png(size=USUAL, seed=1):
    """size: in bytes. Another seed is another picture."""
    drawn = red(seed) if size >= SMALLEST else black(seed)
    parts = [b"\x89PNG\r\n\x1a\n", *drawn]
    end = chunk(b"IEND", b"")
    rest = size - sum(len(part) for part in parts) - len(end) - OVERHEAD
    assert rest > len(b"Comment\0"), f"{-rest} bytes too many"
    comment = b"Comment\0".ljust(rest, b".")
    return b"".join([*parts, chunk(b"tEXt", comment), end])
