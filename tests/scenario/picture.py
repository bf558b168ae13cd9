"""Pictures for seals: a red ring on white as a PNG of exactly so many bytes, the same every time."""

import random
import struct
import zlib

SIDE = 112  # pixels; the ring's grain makes about 6 KB of them
SMALLEST = 8 * 1024
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


def png(size=USUAL, seed=1):
    """size: in bytes. Another seed is another picture."""
    assert size >= SMALLEST
    shades = b"".join(bytes([200 + n // 6, n // 3, n // 3]) for n in range(128)) + b"\xff" * 384
    parts = [
        b"\x89PNG\r\n\x1a\n",
        chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 3, 0, 0, 0)),
        chunk(b"PLTE", shades),
        chunk(b"IDAT", zlib.compress(b"".join(rows(seed)), 9)),
    ]
    end = chunk(b"IEND", b"")
    rest = size - sum(len(part) for part in parts) - len(end) - OVERHEAD
    assert rest > len(b"Comment\0"), f"{-rest} bytes too many"
    comment = b"Comment\0".ljust(rest, b".")
    return b"".join([*parts, chunk(b"tEXt", comment), end])
