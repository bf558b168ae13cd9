/* For the tests: an agent that answers each request with the next of a list of answers. */
#pragma once

#include "agent/ctl/ctl.h"

#define STAND_IN_REQUESTS_MAX 32

/* One answer. raw: the whole HTTP answer; else status and body make one. delay_ms: before it comes. */
struct stand_in_answer {
    int status;
    const char *body;
    const char *raw;
    int delay_ms;
};

/* Listens on a socket of its own folder; the answers must live until the end. A request beyond them is
 * cut off. */
void stand_in_agent_start(const struct stand_in_answer *answers, size_t count);
/* Ends it; *out_requests (may be NULL) gets all requests, heads and bodies, one after the other. The
 * caller frees. */
void stand_in_agent_stop(char **out_requests);
const char *stand_in_agent_socket(void);

/* What a command works with: a client of this agent. Free the client afterwards. */
struct ctl stand_in_agent_ctl(const struct ctl_options *options);

/* Runs function with standard output and error going to a file; *out_text is what came, the caller
 * frees. */
enum err_code stand_in_agent_capture(enum err_code (*function)(struct ctl *, struct err *),
                                     struct ctl *ctl, char **out_text, struct err *err);
