/* Cutting an input into the parts that a target needs, and putting it where files and peers are read. */
#pragma once

#include "base/memory.h"
#include "base/secret.h"
#include "base/span.h"

/* The first byte, taken off; 0 when there is none. */
uint8_t fuzz_byte(struct span *rest);
/* A part with its length before it (2 bytes, big-endian), taken off; what there is when it is shorter. */
struct span fuzz_part(struct span *rest);
/* A line without its line feed, taken off; the caller frees. NULL behind the last one, and for "-". It ends
 * at a zero byte. */
char *fuzz_line(struct span *rest);
/* The whole as text up to its first zero byte; the caller frees. */
char *fuzz_text(struct span span);

/* Of a text that is not empty; the caller frees. */
struct secret *fuzz_secret(const char *text);

/* Reads every byte, so that a sanitizer sees where it lies. */
void fuzz_touch(struct span span);
/* The path of a file with this content, valid until the next call. */
const char *fuzz_file(struct span content);
/* SQLite's file of this path, and what it puts beside it. */
void fuzz_remove_database(const char *path);
/* A new folder below TMPDIR, which stays: the caller frees the path. */
char *fuzz_folder(void);
