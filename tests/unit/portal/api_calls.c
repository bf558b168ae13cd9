#include "api_calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

struct json *api_parse(const char *text)
{
    struct json *json = NULL;
    struct err err = ERR_INIT;
    world_must(json_parse(span_text(text), PORTAL_API_BODY_BYTES_MAX, &json, &err), &err);
    return json;
}

struct json *api_redeem_body(const char *ticket, const char *serial)
{
    AUTO(memory_freep)
    char *text =
        memory_printf("{\"ticket\":\"%s\",\"agent\":\"ukeyd/0.1.0\",\"token\":{\"serial\":\"%s\","
                      "\"model\":\"m\"},\"certificates\":[]}",
                      ticket, serial);
    return api_parse(text);
}

const char *api_text(const struct json *json, const char *name)
{
    return json_text_of(json_member(json, name));
}

void api_session_done(struct api_session *session)
{
    json_free(session->job);
    portal_job_free(session->loaded);
    free(session->authorization);
}
