#include "portal/web/web_page.h"

#include <assert.h>

#include "portal/web/web.h"

/* What the shell's script shows depends on the path alone. */
static const char *const shell_patterns[] = {
    "/login",  "/orders", "/orders/new",      "/orders/{number}", "/keys",  "/keys/{serial}/seal",
    "/resets", "/review", "/review/{number}", "/users",           "/audit", "/account",
    "/help",
};

static const struct web_file *shell(void)
{
    for (size_t i = 0; i < web_file_count; i++)
        if (strcmp(web_files[i].path, "/") == 0)
            return &web_files[i];
    assert(!"embed.py puts it in");
    return NULL;
}

size_t web_page_count(void)
{
    return web_file_count + ARRAY_SIZE(shell_patterns);
}

struct web_page web_page_at(size_t index)
{
    if (index < web_file_count)
        return (struct web_page){web_files[index].path, &web_files[index]};
    return (struct web_page){shell_patterns[index - web_file_count], shell()};
}

bool web_page_is_known(const char *if_none_match, const char *etag)
{
    const char *at = if_none_match != NULL ? if_none_match : "";
    size_t length = strlen(etag);
    for (at += strspn(at, " \t,"); *at != '\0'; at += strspn(at, " \t,")) {
        if (strncmp(at, "W/", 2) == 0)
            at += 2;
        size_t token = *at == '"' ? 1 + strcspn(at + 1, "\"") : strcspn(at, " \t,");
        token += at[token] == '"';
        if ((token == 1 && *at == '*') || (token == length && strncmp(at, etag, length) == 0))
            return true;
        at += token;
    }
    return false;
}

/* What a browser sends when a person opens an address, and scripts, images and agents don't. */
static bool is_for_a_person(const struct http_request *request)
{
    const char *accept = http_request_header(request, "Accept", NULL);
    bool interface = strncmp(http_request_path(request), WEB_BASE "/", sizeof WEB_BASE) == 0;
    return !interface && accept != NULL && strstr(accept, "text/html") != NULL;
}

void web_page_reply_missing(struct http_request *request)
{
    struct err err = ERR_INIT;
    const struct web_file *file = shell();
    if (is_for_a_person(request)) {
        http_reply_bytes(request, 404, file->content_type, span_of(file->at, file->size_bytes));
        return;
    }
    err_set(&err, ERR_HTTP_NOT_FOUND, "no such path");
    http_reply_problem(request, &err);
}

void web_page_reply(struct http_request *request, const struct web_file *file)
{
    http_reply_header(request, "ETag", file->etag);
    if (web_page_is_known(http_request_header(request, "If-None-Match", NULL), file->etag))
        http_reply_empty(request, 304);
    else
        http_reply_bytes(request, 200, file->content_type, span_of(file->at, file->size_bytes));
}
