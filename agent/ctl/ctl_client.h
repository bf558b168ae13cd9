/* HTTP over the agent's Unix socket. Source: docs/api/local.md. */
#pragma once

#include "base/json.h"

/* The keys' certificates as PEM: 200 of 3 KiB, and room. */
#define CTL_ANSWER_BYTES_MAX 1048576

struct ctl_client;

/* ERR_USAGE when the path is longer than a socket's may be. lang: of the agent's texts. */
MUST_CHECK enum err_code ctl_client_new(const char *socket_path, enum lang lang,
                                        struct ctl_client **out, struct err *err);
void ctl_client_free(struct ctl_client *client);
void ctl_client_freep(struct ctl_client **client);

struct ctl_request {
    const char *method;
    const char *path; /* "/v1/status" */
    const struct json *body; /* NULL: none */
    int timeout_s;
    int interrupts; /* signals that were dealt with: one more ends the request */
};

/* Fails with ERR_AGENT_UNREACHABLE, ERR_DEADLINE, ERR_CANCELLED (a signal came), and with
 * the code of the agent's problem answer. */
MUST_CHECK enum err_code ctl_client_request(struct ctl_client *client,
                                            const struct ctl_request *request, struct json **out,
                                            struct err *err);

/* The error that a problem object (RFC 9457) tells of. */
void ctl_client_problem(const struct json *problem, struct err *err);
