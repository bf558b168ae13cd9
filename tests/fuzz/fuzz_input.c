#include "fuzz_input.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define PATH_BYTES 64

uint8_t fuzz_byte(struct span *rest)
{
    if (rest->len == 0)
        return 0;
    uint8_t byte = rest->at[0];
    *rest = span_of(rest->at + 1, rest->len - 1);
    return byte;
}

struct span fuzz_part(struct span *rest)
{
    size_t length = (size_t)fuzz_byte(rest) << 8;
    length |= fuzz_byte(rest);
    if (length > rest->len)
        length = rest->len;
    struct span part = span_of(rest->at, length);
    *rest = span_of(rest->at + length, rest->len - length);
    return part;
}

char *fuzz_text(struct span span)
{
    size_t length = span.len == 0 ? 0 : strnlen((const char *)span.at, span.len);
    char *text = memory_new(length + 1);
    if (length > 0)
        memcpy(text, span.at, length);
    return text;
}

struct secret *fuzz_secret(const char *text)
{
    struct secret *secret = NULL;
    struct err err = ERR_INIT;
    fuzz_require(secret_new(strlen(text), &secret, &err) == ERR_NONE);
    memcpy(secret_room(secret), text, strlen(text));
    secret_set_length(secret, strlen(text));
    return secret;
}

char *fuzz_line(struct span *rest)
{
    if (rest->len == 0)
        return NULL;
    const uint8_t *end = memchr(rest->at, '\n', rest->len);
    size_t length = end == NULL ? rest->len : (size_t)(end - rest->at);
    struct span line = span_of(rest->at, length);
    size_t used = end == NULL ? length : length + 1;
    *rest = span_of(rest->at + used, rest->len - used);
    return line.len == 1 && line.at[0] == '-' ? NULL : fuzz_text(line);
}

void fuzz_touch(struct span span)
{
    static volatile uint8_t seen;
    for (size_t i = 0; i < span.len; i++)
        seen = seen ^ span.at[i];
}

const char *fuzz_file(struct span content)
{
    static char path[PATH_BYTES];
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    fuzz_require(fd >= 0 && ftruncate(fd, 0) == 0);
    fuzz_require(pwrite(fd, content.at, content.len, 0) == (ssize_t)content.len);
    return path;
}

void fuzz_remove_database(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        AUTO(memory_freep) char *file = memory_printf("%s%s", path, endings[i]);
        (void)unlink(file);
    }
}

char *fuzz_folder(void)
{
    const char *above = getenv("TMPDIR");
    char *folder = memory_printf("%s/ukey-fuzz-XXXXXX", above == NULL ? "/tmp" : above);
    fuzz_require(mkdtemp(folder) != NULL);
    return folder;
}
