#!/usr/bin/env python3
"""Another program at the key: connects to the reader's card and keeps it until it is ended.

card_holder.py WAY, which is
  shared       connected, as others may be
  exclusive    connected, as no other may be
  transaction  connected and in a transaction: others wait
  select AID   connected after another application was selected, as a program does that means that one
Prints "held" when it has it."""

import ctypes
import signal
import sys
import time

SCOPE_SYSTEM, ANY_PROTOCOL = 2, 3
EXCLUSIVE, SHARED = 1, 2
READER = b"Virtual PCD 00 00"
ANSWER_BYTES = 258
SHARING_VIOLATION = 0x8010000B
TRIES, PAUSE_SECONDS = 100, 0.1  # until the agent has closed what it reads

pcsc = ctypes.CDLL("libpcsclite.so.1")


class Request(ctypes.Structure):
    _fields_ = [("protocol", ctypes.c_ulong), ("size", ctypes.c_ulong)]


def call(name, *arguments):
    for _ in range(TRIES):
        status = getattr(pcsc, name)(*arguments) & 0xFFFFFFFF
        if status != SHARING_VIOLATION:
            break
        time.sleep(PAUSE_SECONDS)
    if status:
        sys.exit(f"{name}: {status:08X}")


def connect(way):
    context, card, protocol = ctypes.c_long(), ctypes.c_long(), ctypes.c_ulong()
    call("SCardEstablishContext", ctypes.c_ulong(SCOPE_SYSTEM), None, None, ctypes.byref(context))
    call("SCardConnect", context, READER, ctypes.c_ulong(way), ctypes.c_ulong(ANY_PROTOCOL),
         ctypes.byref(card), ctypes.byref(protocol))  # fmt: skip
    return card, protocol


def select(card, protocol, application):
    command = b"\x00\xa4\x04\x00" + bytes([len(application)]) + application
    answer, size = ctypes.create_string_buffer(ANSWER_BYTES), ctypes.c_ulong(ANSWER_BYTES)
    request = Request(protocol.value, ctypes.sizeof(Request))
    call("SCardTransmit", card, ctypes.byref(request), command, ctypes.c_ulong(len(command)), None, answer,
         ctypes.byref(size))  # fmt: skip
    if not answer.raw[: size.value].endswith(b"\x90\x00"):
        sys.exit(f"the card says {answer.raw[: size.value].hex()}")


def main(way, application=""):
    card, protocol = connect(EXCLUSIVE if way == "exclusive" else SHARED)
    if way == "transaction":
        call("SCardBeginTransaction", card)
    if way == "select":
        select(card, protocol, bytes.fromhex(application))
    print("held", flush=True)
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
