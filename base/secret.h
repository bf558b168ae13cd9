/* The only home of PINs, keys and session keys: memory of its own that is locked, left out of core
 * dumps, wiped in a child after fork, and wiped when freed. There is no call that prints it. */
#pragma once

#include "base/err.h"
#include "base/span.h"

/* A PIN of GM/T 0017 has at most 16 bytes; 512 leaves room for private keys. */
#define SECRET_BYTES_MAX 512

struct secret;

/* Room for capacity bytes (at most SECRET_BYTES_MAX), empty. Fails with ERR_NO_LOCKED_MEMORY when the
 * memory can't be locked: a secret is never held in memory that may be swapped out. */
MUST_CHECK enum err_code secret_new(size_t capacity, struct secret **out, struct err *err);
void secret_free(struct secret *secret);
void secret_freep(struct secret **secret);

/* The bytes inside; don't copy them elsewhere than into another secret or a cipher. */
struct span secret_peek(const struct secret *secret);
/* Where to write, with room for secret_capacity() bytes; call secret_set_length afterwards. */
uint8_t *secret_room(struct secret *secret);
size_t secret_capacity(const struct secret *secret);
/* Asserts length <= capacity; wipes what lies behind. */
void secret_set_length(struct secret *secret, size_t length);
/* Constant-time in the content; the length is not hidden. */
bool secret_equal(const struct secret *a, const struct secret *b);
/* The same for borrowed bytes of secrets. */
bool secret_equal_spans(struct span a, struct span b);
/* No core file of this process and of those that it starts: a limit of 1 byte, which also keeps the kernel from
 * handing the core to a program as 0 does not; where an administrator set 0 it can't be raised. Can't be undone.
 * False, with errno: it is as before. Source: core(5). */
MUST_CHECK bool secret_forbid_core(void);
