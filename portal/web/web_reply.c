#include "portal/web/web_reply.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "portal/web/web.h"

#define BUSY_RETRY_S 2 /* what waits in a queue of ours is through by then */
#define FILE_NAME_BYTES_MAX 512 /* longer ones are cut: a file system takes 255 */
#define DISPOSITION_BYTES_MAX (64 + 4 * FILE_NAME_BYTES_MAX)

static void add_fallback(struct buf *out, struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        bool plain = isalnum(name.at[i]) || (name.at[i] != 0 && strchr("._- ", name.at[i]) != NULL);
        buf_add_u8(out, plain ? name.at[i] : '_');
    }
}

static void add_encoded(struct buf *out, struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (isalnum(name.at[i]) || (name.at[i] != 0 && strchr("!#$&+-.^_`|~", name.at[i]) != NULL))
            buf_add_u8(out, name.at[i]);
        else
            buf_printf(out, "%%%02X", name.at[i]);
}

char *web_reply_disposition(const char *file_name)
{
    AUTO(buf_done) struct buf out = BUF_INIT(DISPOSITION_BYTES_MAX);
    struct span name = span_of(file_name, strnlen(file_name, FILE_NAME_BYTES_MAX));
    buf_add_text(&out, "attachment; filename=\"");
    add_fallback(&out, name);
    buf_add_text(&out, "\"; filename*=UTF-8''");
    add_encoded(&out, name);
    struct span text = buf_span(&out);
    return memory_printf("%.*s", (int)text.len, (const char *)text.at);
}

void web_reply_file(const struct web_call *call, const char *file_name, const char *content_type,
                    int fd, uint64_t size_bytes, struct web_answer *out)
{
    AUTO(memory_freep) char *disposition = web_reply_disposition(file_name);
    http_reply_header(call->request, "Content-Disposition", disposition);
    http_reply_file(call->request, 200, content_type, fd, size_bytes);
    out->later = true;
}

static void add_headers(struct http_request *request, const struct web_answer *answer)
{
    if (answer->cookie != NULL)
        http_reply_header(request, "Set-Cookie", answer->cookie);
    if (answer->retry_after_s > 0) {
        AUTO(memory_freep) char *seconds = memory_printf("%d", answer->retry_after_s);
        http_reply_header(request, "Retry-After", seconds);
    }
}

/* What failed inside is for the log, not for the client. */
static void refuse(struct http_request *request, struct err *err)
{
    bool ours = err_http_status(err->code) >= 500 || err_kind_of(err->code) == ERR_KIND_BUG;
    if (ours)
        log_err("web", http_request_path(request), err);
    else
        log_debug("web", "%s: %s (%s)", http_request_path(request), err_code_text(err->code),
                  err->detail);
    if (ours)
        err->detail[0] = '\0';
    http_reply_problem(request, err);
}

static void give(struct http_request *request, const struct web_answer *answer)
{
    int status = answer->status != 0 ? answer->status : 200;
    if (answer->json != NULL)
        http_reply_json(request, status, answer->json);
    else
        http_reply_empty(request, answer->status != 0 ? status : 204);
}

void web_reply(struct http_request *request, enum err_code result, struct web_answer *answer,
               struct err *err)
{
    if (result == ERR_HTTP_TOO_MANY && answer->retry_after_s == 0)
        answer->retry_after_s = BUSY_RETRY_S;
    add_headers(request, answer);
    if (result != ERR_NONE)
        refuse(request, err);
    else
        give(request, answer);
    json_free(answer->json);
    free(answer->cookie);
    *answer = (struct web_answer){0};
}
