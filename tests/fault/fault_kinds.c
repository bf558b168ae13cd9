#include "tests/fault/fault_kinds.h"

#include "token/virtual/virtual_fault.h"

#define KEY(name, script) \
    { \
        name, FAULT_KEY, FAULT_KEY_SCRIPT, script, 0 \
    }
#define STATUS(word) \
    { \
        "key-says-" #word, FAULT_KEY, FAULT_KEY_SCRIPT, VIRTUAL_FAULT_STATUS, 0x##word \
    }
#define CALL(name, way, code) \
    { \
        name, FAULT_PLATFORM, way, 0, code \
    }
#define DISK(name, way) \
    { \
        name, FAULT_DISK, way, 0, 0 \
    }

static const struct fault_kind kinds[] = {
    KEY("key-lost-before", VIRTUAL_FAULT_LOSE_BEFORE),
    KEY("key-lost-after", VIRTUAL_FAULT_LOSE_AFTER),
    KEY("key-answers-garbage", VIRTUAL_FAULT_GARBAGE),
    KEY("key-answers-one-byte", VIRTUAL_FAULT_SHORT),
    KEY("key-answers-a-byte-less", VIRTUAL_FAULT_CUT),
    KEY("key-hangs", VIRTUAL_FAULT_HANG),
    KEY("key-pulled-out", VIRTUAL_FAULT_REMOVE),
    {"killed-before-command", FAULT_KEY, FAULT_KILL_BEFORE, 0, 0},
    {"killed-after-command", FAULT_KEY, FAULT_KILL_AFTER, 0, 0},
    /* Source: GM/T 0017-2012, status bytes: of each class one, and all that concern PIN and keys. */
    STATUS(63C1),
    STATUS(6581),
    STATUS(6700),
    STATUS(6982),
    STATUS(6983),
    STATUS(6984),
    STATUS(6985),
    STATUS(6988),
    STATUS(698A),
    STATUS(6A80),
    STATUS(6A84),
    STATUS(6A86),
    STATUS(6A88),
    STATUS(6A92),
    STATUS(6A93),
    STATUS(6A94),
    STATUS(6A95),
    STATUS(6A96),
    STATUS(6A9C),
    STATUS(6D00),
    STATUS(6E02),
    STATUS(6F00),
    CALL("platform-unreachable", FAULT_CALL_BEFORE, ERR_PLATFORM_UNREACHABLE),
    CALL("platform-tls", FAULT_CALL_BEFORE, ERR_PLATFORM_TLS),
    CALL("platform-busy", FAULT_CALL_BEFORE, ERR_PLATFORM_FAILED),
    CALL("platform-timeout-after", FAULT_CALL_AFTER, ERR_PLATFORM_TIMEOUT),
    CALL("platform-5xx-after", FAULT_CALL_AFTER, ERR_PLATFORM_FAILED),
    CALL("platform-answers-garbage", FAULT_CALL_AFTER, ERR_PLATFORM_ANSWER),
    CALL("platform-behind-a-gateway", FAULT_CALL_BEFORE, ERR_PLATFORM_PROXY),
    CALL("killed-before-call", FAULT_KILL_BEFORE, 0),
    CALL("killed-after-call", FAULT_KILL_AFTER, 0),
    DISK("journal-write-fails", FAULT_WRITE_FAILS),
    DISK("disk-full", FAULT_DISK_FULL),
    DISK("killed-before-journal-write", FAULT_KILL_BEFORE),
    DISK("killed-after-journal-write", FAULT_KILL_AFTER),
};

const struct fault_kind *fault_kind_at(size_t index)
{
    return index < ARRAY_SIZE(kinds) ? &kinds[index] : NULL;
}
