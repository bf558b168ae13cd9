/* What is said to the platform's API for agents, as agents say it. */
#pragma once

#include "portal/portal_api.h"
#include "world.h"

/* The caller frees. */
struct json *api_parse(const char *text);
/* Of a redemption, without certificates. */
struct json *api_redeem_body(const char *ticket, const char *serial);
const char *api_text(const struct json *json, const char *name);

/* An agent's with a job. */
struct api_session {
    struct json *job; /* as it was told; NULL: it was not asked for */
    struct portal_job *loaded;
    char *authorization;
};
void api_session_done(struct api_session *session);
