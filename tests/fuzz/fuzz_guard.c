/* The portal's guard: lines of an input are the portal's own name and the headers of a request. */
#include "fuzz.h"
#include "fuzz_input.h"
#include "portal/portal_session.h"
#include "portal/web/web_guard.h"

#define HOST "portal.test:8443"
#define ORIGIN "https://" HOST
#define ROOM_BYTES 200

static void check_origin(const char *text)
{
    AUTO(memory_freep) char *origin = NULL;
    AUTO(memory_freep) char *again = NULL;
    struct err err = ERR_INIT;
    if (text == NULL || web_guard_origin(text, &origin, &err) != ERR_NONE)
        return;
    fuzz_require(strncmp(origin, "https://", 8) == 0 &&
                 strpbrk(origin + 8, "/?#@ \t\"'<>\\") == NULL);
    fuzz_require(web_guard_origin(origin, &again, &err) == ERR_NONE && strcmp(again, origin) == 0);
    const struct web_headers headers = {.host = origin + 8, .origin = origin};
    fuzz_require(web_guard_host(&headers, origin, &err) == ERR_NONE);
    fuzz_require(web_guard_same_origin(&headers, origin, &err) == ERR_NONE);
}

static void check_headers(const struct web_headers *headers)
{
    char token[ROOM_BYTES];
    struct err err = ERR_INIT;
    if (web_guard_host(headers, ORIGIN, &err) == ERR_NONE)
        fuzz_require(strcmp(headers->host, HOST) == 0);
    if (web_guard_same_origin(headers, ORIGIN, &err) == ERR_NONE)
        fuzz_require(strcmp(headers->origin, ORIGIN) == 0);
    if (!web_guard_token(headers, token, sizeof token))
        return;
    fuzz_require(portal_session_is_token(span_text(token)));
    fuzz_require(strstr(headers->cookie, token) != NULL);
    AUTO(memory_freep) char *csrf = portal_session_csrf(token);
    bool same = headers->csrf != NULL && strcmp(headers->csrf, csrf) == 0;
    fuzz_require((web_guard_csrf(headers, token, &err) == ERR_NONE) == same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    AUTO(memory_freep) char *name = fuzz_line(&rest);
    AUTO(memory_freep) char *host = fuzz_line(&rest);
    AUTO(memory_freep) char *origin = fuzz_line(&rest);
    AUTO(memory_freep) char *site = fuzz_line(&rest);
    AUTO(memory_freep) char *csrf = fuzz_line(&rest);
    AUTO(memory_freep) char *cookie = fuzz_line(&rest);
    check_origin(name);
    check_headers(&(struct web_headers){
        .host = host, .origin = origin, .fetch_site = site, .csrf = csrf, .cookie = cookie});
    return 0;
}
