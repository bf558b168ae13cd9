/* The agent's gate: lines of an input are what a request says of itself. What is let in has proved each
 * thing that docs/api/local.md asks for. */
#include "agent/web/web_gate.h"

#include <stdio.h>

#include "fuzz.h"
#include "fuzz_input.h"

#define HOST_BYTES 40

enum { LOCAL = 1, LOOPBACK = 2, SAME_USER = 4, LISTED = 8, NAMES_PIN = 16 };

/* A header's line, and how often it stands there: once, or never, or twice after a '+'. */
static const char *header(struct span *rest, char **text, unsigned *count)
{
    *text = fuzz_line(rest);
    *count = *text == NULL ? 0 : (*text)[0] == '+' ? 2 : 1;
    return *count == 2 ? *text + 1 : *text;
}

static bool names_us(const struct web_gate_facts *facts)
{
    static const char *const names[] = {"127.0.0.1", "[::1]", "localhost"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char host[HOST_BYTES];
        snprintf(host, sizeof host, "%s:%u", names[i], facts->port);
        if (strcmp(facts->host, host) == 0)
            return true;
    }
    return false;
}

static void check_let_in(const struct web_gate_facts *facts, bool known)
{
    fuzz_require(facts->same_user && facts->host_count == 1 && !facts->names_pin);
    fuzz_require(facts->content_length <= WEB_BODY_BYTES_MAX);
    fuzz_require(facts->fetch_mode == NULL || strcmp(facts->fetch_mode, "navigate") != 0);
    fuzz_require(facts->method != HTTP_POST || (facts->content_type_count == 1 &&
                                                http_content_type_is_json(facts->content_type)));
    if (facts->local)
        fuzz_require(facts->origin_count == 0 && !known);
    else
        fuzz_require(facts->loopback && facts->origin_count == 1 && facts->origin_listed && known &&
                     names_us(facts));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    uint8_t flags = fuzz_byte(&rest);
    struct web_gate_facts facts = {
        .local = flags & LOCAL,
        .loopback = flags & LOOPBACK,
        .same_user = flags & SAME_USER,
        .origin_listed = flags & LISTED,
        .names_pin = flags & NAMES_PIN,
        .method = (enum http_method)(fuzz_byte(&rest) % (HTTP_OTHER + 1)),
        .port = 27510,
        .content_length = (uint64_t)fuzz_byte(&rest) << 5,
    };
    AUTO(memory_freep) char *host = NULL;
    AUTO(memory_freep) char *origin = NULL;
    AUTO(memory_freep) char *mode = NULL;
    AUTO(memory_freep) char *dest = NULL;
    AUTO(memory_freep) char *type = NULL;
    facts.host = header(&rest, &host, &facts.host_count);
    facts.origin = header(&rest, &origin, &facts.origin_count);
    facts.fetch_mode = header(&rest, &mode, &facts.fetch_mode_count);
    facts.fetch_dest = header(&rest, &dest, &facts.fetch_dest_count);
    facts.content_type = header(&rest, &type, &facts.content_type_count);
    bool known = false;
    struct err err = ERR_INIT;
    if (web_gate_judge(&facts, &known, &err) == ERR_NONE)
        check_let_in(&facts, known);
    else
        fuzz_require(err.detail[0] != '\0' && (!known || facts.origin_listed));
    if (web_gate_is_knock(&facts))
        fuzz_require(!facts.local && facts.origin_count == 0 && facts.method == HTTP_GET);
    return 0;
}
