/* The strict look at a request's head: the same however the bytes arrive, and nothing that two readers
 * could understand differently passes it. */
#include <strings.h>

#include "fuzz.h"
#include "fuzz_input.h"
#include "http/http_head.h"

struct end {
    enum err_code code;
    size_t length;
};

static struct end find_end(struct span bytes, size_t step)
{
    struct end end = {0};
    size_t scanned = 0;
    struct err err = ERR_INIT;
    for (size_t come = step < bytes.len ? step : bytes.len;; come += step) {
        struct span some = span_of(bytes.at, come < bytes.len ? come : bytes.len);
        end.code = http_head_end(some, &scanned, &end.length, &err);
        if (end.code != ERR_NONE || end.length > 0 || some.len == bytes.len)
            return end;
    }
}

static size_t count_fields(struct span head, const char *name)
{
    size_t count = 0, length = strlen(name);
    for (size_t i = 2; i + length < head.len; i++)
        if (memcmp(head.at + i - 2, "\r\n", 2) == 0 &&
            strncasecmp((const char *)head.at + i, name, length) == 0)
            count++;
    return count;
}

static void check_head(struct span head)
{
    struct http_head facts = {0};
    struct err err = ERR_INIT;
    if (http_head_check(head, &facts, &err) != ERR_NONE) {
        fuzz_require(err.detail[0] != '\0' && err_http_status(err.code) >= 400);
        return;
    }
    fuzz_require(facts.method < HTTP_OTHER && facts.content_length <= HTTP_HEAD_CONTENT_LENGTH_MAX);
    fuzz_require(count_fields(head, "host:") == 1 && count_fields(head, "content-length:") <= 1);
    fuzz_require(count_fields(head, "transfer-encoding:") == 0);
    fuzz_require(count_fields(head, " ") == 0 && count_fields(head, "\t") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct end end = find_end(bytes, SIZE_MAX / 2);
    struct end slow = find_end(bytes, 1);
    fuzz_require(end.code == slow.code && end.length == slow.length);
    fuzz_require(end.length <= size && end.length <= HTTP_HEAD_BYTES_MAX);
    if (end.code == ERR_NONE && end.length > 0)
        check_head(span_of(data, end.length));
    return 0;
}
