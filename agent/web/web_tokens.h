/* Requests that wait for the keys to be read. */
#pragma once

#include "agent/ops/ops.h"
#include "http/http_server.h"

/* Each holds a connection for as long as a slow key takes. */
#define WEB_TOKENS_WAITING_MAX 16

struct web_tokens;

struct web_tokens *web_tokens_new(struct ops *ops);
/* The server must be gone; a reading under way may end later. */
void web_tokens_free(struct web_tokens *tokens);
/* Answers {"tokens": [...]} when the keys were read. ERR_HTTP_TOO_MANY. */
void web_tokens_answer(struct web_tokens *tokens, struct http_request *request);
