#include <stdlib.h>

#include "portal/portal_download.h"
#include "portal/web/web.h"
#include "portal/web/web_reply.h"

#define ID_DIGITS_MAX 15

static enum err_code get_downloads(const struct web_call *call, struct web_answer *out,
                                   struct err *err)
{
    return portal_download_list(call->web->portal, WEB_BASE "/downloads/", &out->json, err);
}

static enum err_code read_id(const char *text, int64_t *out, struct err *err)
{
    size_t length = strlen(text);
    if (length == 0 || length > ID_DIGITS_MAX || strspn(text, "0123456789") != length)
        return err_set(err, ERR_NO_SUCH_RECORD, "not the number of a download");
    *out = strtoll(text, NULL, 10);
    return ERR_NONE;
}

/* Sent from the disk as the client takes it. */
static enum err_code get_download(const struct web_call *call, struct web_answer *out,
                                  struct err *err)
{
    AUTO(portal_download_done) struct portal_download download = {.fd = -1};
    int64_t id = 0;
    if (read_id(http_request_segment(call->request, "id"), &id, err) != ERR_NONE ||
        portal_download_open(call->web->portal, id, &download, err) != ERR_NONE)
        return err->code;
    web_reply_file(call, download.name, "application/octet-stream", download.fd,
                   download.size_bytes, out);
    download.fd = -1;
    return ERR_NONE;
}

static const struct web_route routes[] = {
    {HTTP_GET, "/downloads", WEB_ANYONE, get_downloads},
    {HTTP_GET, "/downloads/{id}", WEB_ANYONE, get_download},
};
const struct web_table web_download_table = {routes, ARRAY_SIZE(routes)};
