/* One request to the platform and its JSON answer, for the files of the resources. */
#pragma once

#include "agent/remote/remote.h"
#include "base/json.h"

struct remote_exchange {
    const char *method; /* "POST", "PUT" */
    const char *path; /* below the platform's base address: "/jobs" */
    const char *bearer; /* the job's secret, checked by remote_jobs; NULL: none. Never logged */
    const struct json *body;
    size_t body_bytes_max; /* of the request and of the answer; 0: REMOTE_BODY_BYTES_MAX */
    bool once; /* never sent again: each request that arrives has an effect */
    bool secret; /* the answer is wiped when it is done with, as far as it is ours */
};

struct remote_answer {
    long status; /* 200 or 202 */
    int retry_after_s; /* of a 202; 0 when the platform named none */
    struct json *json; /* owned */
    bool secret; /* wiped by remote_answer_done */
};
void remote_answer_done(struct remote_answer *answer);

/* Sends it, and unless it is to be sent once, sends the same bytes again after 1, 2, 4, 4 ... seconds (or
 * what Retry-After says) while the failure is one that passes and the deadline leaves room. Every attempt has a connection of its own:
 * on a reused one libcurl itself repeats a request that died, unseen by us.
 * Fails as remote_verdict says, and with ERR_CANCELLED and ERR_HTTP_TOO_LARGE (the request). */
MUST_CHECK enum err_code remote_http_exchange(const struct remote_call *call,
                                              const struct remote_exchange *exchange,
                                              struct remote_answer *out, struct err *err);

/* How long to wait before attempt (1: the first repetition). random: any value, for the jitter. */
int remote_http_pause_ms(int attempt, int retry_after_s, unsigned random);
