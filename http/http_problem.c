#include "http/http_problem.h"

#include <assert.h>
#include <microhttpd.h>

#include "base/buf.h"
#include "base/problem.h"
#include "http/http_server.h"

struct json *http_problem_json(const struct err *err, enum lang lang)
{
    return problem_json(err, lang);
}

struct bytes *http_problem_message(const struct err *err, enum lang lang, const char *headers)
{
    AUTO(json_freep) struct json *problem = problem_json(err, lang);
    AUTO(memory_freep) char *body = json_print(problem);
    int status = err_http_status(err->code);
    AUTO(buf_done) struct buf message = BUF_INIT(HTTP_PROBLEM_MESSAGE_BYTES_MAX);
    buf_printf(&message,
               "HTTP/1.1 %d %s\r\nContent-Type: " HTTP_PROBLEM_TYPE "\r\nContent-Length: %zu\r\n"
               "Connection: close\r\nCache-Control: no-store\r\n"
               "X-Content-Type-Options: nosniff\r\n%s\r\n%s",
               status, MHD_get_reason_phrase_for((unsigned)status), strlen(body),
               headers != NULL ? headers : "", body);
    assert(!message.bad);
    return buf_bytes(&message);
}
