/* What an agent asks of the platform: the first byte of an input is the request, then come a line with the
 * job's id, one with the Authorization header, and the body. The portal is empty, so nothing is granted. */
#include "base/clock.h"
#include "fuzz.h"
#include "fuzz_input.h"
#include "portal/portal_api.h"

/* 2026-11-22T14:30:00Z */
#define NOW INT64_C(1795357800)

typedef enum err_code (*api_call)(struct portal *portal, const char *id, const char *authorization,
                                  const struct json *body, struct portal_api_answer *out,
                                  struct err *err);

static enum err_code redeem(struct portal *portal, const char *id, const char *authorization,
                            const struct json *body, struct portal_api_answer *out, struct err *err)
{
    return portal_api_redeem(portal, body, out, err);
}

static struct portal *portal;

static void start(void)
{
    struct err err = ERR_INIT;
    clock_set_for_test(NOW);
    portal = memory_new(sizeof *portal);
    portal->actor = memory_text("test");
    fuzz_require(portal_db_open(":memory:", &portal->db, &err) == ERR_NONE);
    fuzz_require(secret_new(32, &portal->job_key, &err) == ERR_NONE);
    memset(secret_room(portal->job_key), 7, 32);
    secret_set_length(portal->job_key, 32);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const api_call calls[] = {redeem, portal_api_request, portal_api_seal,
                                     portal_api_unblock, portal_api_confirm};
    struct span rest = span_of(data, size);
    api_call call = calls[fuzz_byte(&rest) % ARRAY_SIZE(calls)];
    AUTO(memory_freep) char *id = fuzz_line(&rest);
    AUTO(memory_freep) char *authorization = fuzz_line(&rest);
    AUTO(json_freep) struct json *body = NULL;
    struct portal_api_answer answer = {0};
    struct err err = ERR_INIT;
    if (portal == NULL)
        start();
    if (json_parse(rest, PORTAL_API_SEAL_BODY_BYTES_MAX, &body, &err) != ERR_NONE ||
        !json_is_object(body))
        return 0;
    enum err_code code = call(portal, id == NULL ? "" : id, authorization, body, &answer, &err);
    fuzz_require(code != ERR_NONE && code != ERR_INTERNAL && code != ERR_DATABASE);
    fuzz_require(answer.body == NULL && err.detail[0] != '\0');
    return 0;
}
