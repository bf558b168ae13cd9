#include <assert.h>
#include <stdlib.h>

#include "http/http_problem.h"
#include "http/http_request.h"

void http_reply_header(struct http_request *request, const char *name, const char *value)
{
    assert(!request->queued && request->header_count < HTTP_REPLY_HEADERS_MAX);
    request->headers[request->header_count++] = (struct http_reply_header){
        .name = memory_text(name),
        .value = memory_text(value),
    };
}

int http_reply_status(const struct http_request *request)
{
    return (int)request->status;
}

void http_reply_give(struct http_request *request, int status, struct MHD_Response *response)
{
    assert(!request->answered);
    if (response == NULL)
        abort(); /* out of memory */
    request->status = (unsigned)status;
    if (request->options->decorate != NULL)
        request->options->decorate(request->options->context, request);
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_reply_header *header = &request->headers[i];
        enum MHD_Result added = MHD_add_response_header(response, header->name, header->value);
        assert(added == MHD_YES); /* no handler may put a line end into a header */
        (void)added;
    }
    request->answered = true;
    request->response = response;
    if (request->connection != NULL)
        http_connection_set_waiting(request->connection, false);
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->mhd);
    request->kick(request->kick_context);
}

enum MHD_Result http_reply_queue(struct http_request *request)
{
    if (request->queued)
        return MHD_YES;
    request->queued = true;
    return MHD_queue_response(request->mhd, request->status, request->response);
}

void http_reply_bytes(struct http_request *request, int status, const char *content_type,
                      struct span body)
{
    static char nothing[1];
    void *at = body.len > 0 ? (void *)(uintptr_t)body.at : nothing; /* MHD only copies it */
    http_reply_header(request, "Content-Type", content_type);
    http_reply_give(request, status,
                    MHD_create_response_from_buffer(body.len, at, MHD_RESPMEM_MUST_COPY));
}

static void reply_json_as(struct http_request *request, int status, const char *content_type,
                          const struct json *body)
{
    char *text = json_print(body);
    http_reply_header(request, "Content-Type", content_type);
    http_reply_give(request, status,
                    MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE));
}

void http_reply_json(struct http_request *request, int status, const struct json *body)
{
    reply_json_as(request, status, "application/json", body);
}

void http_reply_empty(struct http_request *request, int status)
{
    http_reply_give(request, status,
                    MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

void http_reply_file(struct http_request *request, int status, const char *content_type, int fd,
                     uint64_t size_bytes)
{
    http_reply_header(request, "Content-Type", content_type);
    http_reply_give(request, status, MHD_create_response_from_fd64(size_bytes, fd));
}

void http_reply_problem(struct http_request *request, const struct err *err)
{
    AUTO(json_freep) struct json *problem = http_problem_json(err, http_request_lang(request));
    reply_json_as(request, err_http_status(err->code), HTTP_PROBLEM_TYPE, problem);
}
