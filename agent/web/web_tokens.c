#include "agent/web/web_tokens.h"

#include <stdlib.h>

/* Lives until the reading is over, whatever else has ended. */
struct reading {
    struct web_tokens *tokens; /* NULL when the web side has ended */
    struct http_request *request; /* NULL when the client has left */
    struct reading *next;
};

struct web_tokens {
    struct ops *ops;
    struct reading *first;
    unsigned count;
};

struct web_tokens *web_tokens_new(struct ops *ops)
{
    struct web_tokens *tokens = memory_new(sizeof *tokens);
    tokens->ops = ops;
    return tokens;
}

void web_tokens_free(struct web_tokens *tokens)
{
    if (tokens == NULL)
        return;
    for (struct reading *reading = tokens->first; reading != NULL; reading = reading->next)
        reading->tokens = NULL;
    free(tokens);
}

static void unlink_reading(struct web_tokens *tokens, struct reading *reading)
{
    for (struct reading **at = &tokens->first; *at != NULL; at = &(*at)->next)
        if (*at == reading) {
            *at = reading->next;
            tokens->count--;
            return;
        }
}

static void on_read(void *context, struct json *array)
{
    struct reading *reading = context;
    AUTO(json_freep) struct json *answer = json_new_object();
    json_add(answer, "tokens", array);
    if (reading->tokens != NULL)
        unlink_reading(reading->tokens, reading);
    if (reading->request != NULL)
        http_reply_json(reading->request, 200, answer);
    free(reading);
}

static void on_gone(void *context, struct http_request *request)
{
    struct reading *reading = context;
    reading->request = NULL;
}

void web_tokens_answer(struct web_tokens *tokens, struct http_request *request)
{
    struct err err = ERR_INIT;
    if (tokens->count >= WEB_TOKENS_WAITING_MAX) {
        err_set(&err, ERR_HTTP_TOO_MANY, "%u requests wait for the keys already", tokens->count);
        http_reply_header(request, "Retry-After", "1");
        http_reply_problem(request, &err);
        return;
    }
    struct reading *reading = memory_new(sizeof *reading);
    *reading = (struct reading){tokens, request, tokens->first};
    tokens->first = reading;
    tokens->count++;
    http_request_on_gone(request, on_gone, reading);
    ops_read_tokens(tokens->ops, http_request_lang(request), on_read, reading);
}
