#include "tests/fault/fault_kinds.h"

#include "token/virtual/virtual_fault.h"

#define KEY(name, way, argument) \
    { \
        name, FAULT_KEY, way, 0, argument \
    }
#define SCRIPT(name, script) \
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
#define CLOCK(name, place, days) \
    { \
        name, place, FAULT_CLOCK, days, 0 \
    }
#define MEMORY(name, place, apart) \
    { \
        name, place, FAULT_REFUSED, 0, 0, apart \
    }
/* Before the key's certificate began. */
#define LONG_AGO_DAYS (-400)

static const struct fault_kind kinds[] = {
    SCRIPT("key-lost-before", VIRTUAL_FAULT_LOSE_BEFORE),
    SCRIPT("key-lost-after", VIRTUAL_FAULT_LOSE_AFTER),
    SCRIPT("key-answers-garbage", VIRTUAL_FAULT_GARBAGE),
    SCRIPT("key-answers-one-byte", VIRTUAL_FAULT_SHORT),
    SCRIPT("key-answers-a-byte-less", VIRTUAL_FAULT_CUT),
    KEY("key-answers-a-byte-more", FAULT_KEY_LONGER, 1),
    KEY("key-answers-300-bytes-more", FAULT_KEY_LONGER, 300),
    SCRIPT("key-hangs", VIRTUAL_FAULT_HANG),
    SCRIPT("key-pulled-out", VIRTUAL_FAULT_REMOVE),
    SCRIPT("key-pulled-out-after", VIRTUAL_FAULT_REMOVE_AFTER),
    KEY("another-key-put-in", FAULT_OTHER_KEY, 0),
    KEY("second-key-put-in", FAULT_SECOND_KEY, 0),
    KEY("pulled-out-beside-another", FAULT_PULLED_BESIDE, 0),
    KEY("reader-gone", FAULT_NO_READER, 0),
    KEY("service-gone", FAULT_NO_SERVICE, 0),
    KEY("killed-before-command", FAULT_KILL_BEFORE, 0),
    KEY("killed-after-command", FAULT_KILL_AFTER, 0),
    KEY("power-cut-at-command", FAULT_POWER_CUT, 0),
    CLOCK("clock-put-on-at-command", FAULT_KEY, 2),
    CLOCK("clock-put-back-at-command", FAULT_KEY, -2),
    CLOCK("clock-long-ago-at-command", FAULT_KEY, LONG_AGO_DAYS),
    /* Source: GM/T 0017-2012, status bytes, and what keys are known to answer beyond it. */
    STATUS(9000), /* and does nothing */
    STATUS(63C1),
    STATUS(6400),
    STATUS(6500),
    STATUS(6581),
    STATUS(6700),
    STATUS(6881),
    STATUS(6882),
    STATUS(6915),
    STATUS(6981),
    STATUS(6982),
    STATUS(6983),
    STATUS(6984),
    STATUS(6985),
    STATUS(6986),
    STATUS(6988),
    STATUS(698A),
    STATUS(6A80),
    STATUS(6A81),
    STATUS(6A82),
    STATUS(6A83),
    STATUS(6A84),
    STATUS(6A85),
    STATUS(6A86),
    STATUS(6A87),
    STATUS(6A88),
    STATUS(6A89),
    STATUS(6A8A),
    STATUS(6A8B),
    STATUS(6A8C),
    STATUS(6A8D),
    STATUS(6A90),
    STATUS(6A91),
    STATUS(6A92),
    STATUS(6A93),
    STATUS(6A94),
    STATUS(6A95),
    STATUS(6A96),
    STATUS(6A97),
    STATUS(6A98),
    STATUS(6A99),
    STATUS(6A9A),
    STATUS(6A9B),
    STATUS(6A9C),
    STATUS(6A9D),
    STATUS(6A9E),
    STATUS(6A9F),
    STATUS(6B00),
    STATUS(6B01),
    STATUS(6B02),
    STATUS(6C00),
    STATUS(6C10),
    STATUS(6D00),
    STATUS(6E00),
    STATUS(6E01),
    STATUS(6E02),
    STATUS(6F00),
    CALL("platform-unreachable", FAULT_CALL_BEFORE, ERR_PLATFORM_UNREACHABLE),
    CALL("platform-tls", FAULT_CALL_BEFORE, ERR_PLATFORM_TLS),
    CALL("platform-busy", FAULT_CALL_BEFORE, ERR_PLATFORM_FAILED),
    CALL("platform-refuses", FAULT_CALL_BEFORE, ERR_PLATFORM_REFUSED),
    CALL("platform-wants-time", FAULT_CALL_BEFORE, ERR_PLATFORM_PENDING),
    CALL("platform-timeout", FAULT_CALL_BEFORE, ERR_PLATFORM_TIMEOUT),
    CALL("platform-timeout-after", FAULT_CALL_AFTER, ERR_PLATFORM_TIMEOUT),
    CALL("platform-5xx-after", FAULT_CALL_AFTER, ERR_PLATFORM_FAILED),
    CALL("platform-answers-garbage", FAULT_CALL_AFTER, ERR_PLATFORM_ANSWER),
    CALL("platform-behind-a-gateway", FAULT_CALL_BEFORE, ERR_PLATFORM_PROXY),
    CALL("killed-before-call", FAULT_KILL_BEFORE, 0),
    CALL("killed-after-call", FAULT_KILL_AFTER, 0),
    CALL("power-cut-at-call", FAULT_POWER_CUT, 0),
    DISK("journal-write-fails", FAULT_WRITE_FAILS),
    DISK("disk-full", FAULT_DISK_FULL),
    DISK("disk-full-for-growth", FAULT_NO_GROWTH),
    DISK("killed-before-journal-write", FAULT_KILL_BEFORE),
    DISK("killed-after-journal-write", FAULT_KILL_AFTER),
    DISK("power-cut-at-journal-write", FAULT_POWER_CUT),
    DISK("second-page-at-journal-write", FAULT_SECOND_PAGE),
    DISK("second-agent-at-journal-write", FAULT_SECOND_AGENT),
    CLOCK("clock-put-on-at-journal-write", FAULT_DISK, 2),
    CLOCK("clock-put-back-at-journal-write", FAULT_DISK, -2),
    CLOCK("clock-long-ago-at-journal-write", FAULT_DISK, LONG_AGO_DAYS),
    {"journal-file-fails", FAULT_FOLDER, FAULT_WRITE_FAILS, 0, 0},
    {"killed-at-journal-file", FAULT_FOLDER, FAULT_KILL_AFTER, 0, 0},
    MEMORY("out-of-memory", FAULT_MEMORY, 11),
    MEMORY("out-of-memory-in-crypto", FAULT_MEMORY_CRYPTO, 151),
    MEMORY("out-of-memory-in-journal", FAULT_MEMORY_JOURNAL, 5),
};

const struct fault_kind *fault_kind_at(size_t index)
{
    return index < ARRAY_SIZE(kinds) ? &kinds[index] : NULL;
}
