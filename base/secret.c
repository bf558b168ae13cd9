#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

struct secret {
    size_t map_bytes;
    size_t capacity;
    size_t length;
    uint8_t at[];
};

enum err_code secret_new(size_t capacity, struct secret **out, struct err *err)
{
    assert(capacity <= SECRET_BYTES_MAX);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return err_set_errno(err, ERR_NO_LOCKED_MEMORY, "map memory for a secret");
    if (mlock(map, page) != 0 || madvise(map, page, MADV_DONTDUMP) != 0 ||
        madvise(map, page, MADV_WIPEONFORK) != 0) {
        err_set_errno(err, ERR_NO_LOCKED_MEMORY, "lock memory for a secret");
        munmap(map, page);
        return ERR_NO_LOCKED_MEMORY;
    }
    struct secret *secret = map;
    secret->map_bytes = page;
    secret->capacity = capacity;
    *out = secret;
    return ERR_NONE;
}

void secret_free(struct secret *secret)
{
    if (secret == NULL)
        return;
    size_t map_bytes = secret->map_bytes;
    OPENSSL_cleanse(secret, map_bytes);
    munmap(secret, map_bytes);
}

void secret_freep(struct secret **secret)
{
    secret_free(*secret);
    *secret = NULL;
}

struct span secret_peek(const struct secret *secret)
{
    return span_of(secret->at, secret->length);
}

uint8_t *secret_room(struct secret *secret)
{
    return secret->at;
}

size_t secret_capacity(const struct secret *secret)
{
    return secret->capacity;
}

void secret_set_length(struct secret *secret, size_t length)
{
    assert(length <= secret->capacity);
    secret->length = length;
    OPENSSL_cleanse(secret->at + length, secret->capacity - length);
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    return secret_equal_spans(secret_peek(a), secret_peek(b));
}

bool secret_equal_spans(struct span a, struct span b)
{
    return a.len == b.len && CRYPTO_memcmp(a.at, b.at, a.len) == 0;
}

bool secret_forbid_core(void)
{
    struct rlimit core;
    if (getrlimit(RLIMIT_CORE, &core) != 0)
        return false;
    core.rlim_max = core.rlim_max < 1 ? core.rlim_max : 1;
    core.rlim_cur = core.rlim_max;
    return setrlimit(RLIMIT_CORE, &core) == 0;
}
