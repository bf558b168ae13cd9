#include "agent/remote/remote_seal.h"

#include <stdlib.h>

#include "agent/remote/remote_chain.h"
#include "agent/remote/remote_http.h"
#include "agent/remote/remote_jobs.h"

void remote_new_seal_free(struct remote_new_seal *seal)
{
    if (seal == NULL)
        return;
    bytes_free(seal->seal);
    for (size_t i = 0; i < REMOTE_CHAIN_MAX; i++)
        bytes_free(seal->chain[i]);
    free(seal);
}

void remote_new_seal_freep(struct remote_new_seal **seal)
{
    remote_new_seal_free(*seal);
    *seal = NULL;
}

static enum err_code read_members(const struct json *json, struct remote_new_seal *seal,
                                  struct err *err)
{
    const struct json *chain = NULL;
    const struct json_field fields[] = {
        {"seal", JSON_BASE64, .limit = REMOTE_SEAL_BYTES_MAX, .out = &seal->seal},
        {"chain", JSON_ARRAY, .limit = REMOTE_CHAIN_MAX, .out = &chain},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err->code;
    return remote_chain_read(chain, seal->chain, &seal->chain_count, err);
}

static enum err_code read_answer(const struct remote_answer *answer, struct remote_new_seal **out,
                                 struct err *err)
{
    if (answer->status != 200)
        return err_set_foreign(err, ERR_PLATFORM_ANSWER, answer->status,
                               "HTTP status %ld where a seal was due", answer->status);
    AUTO(remote_new_seal_freep) struct remote_new_seal *seal = memory_new(sizeof *seal);
    if (read_members(answer->json, seal, err) != ERR_NONE)
        return err->code = ERR_PLATFORM_ANSWER;
    *out = TAKE(seal);
    return ERR_NONE;
}

enum err_code remote_seal_put(const struct remote_call *call, const struct remote_job *job,
                              const struct remote_seal_request *request,
                              struct remote_new_seal **out, struct err *err)
{
    AUTO(memory_freep) char *path = NULL;
    if (remote_jobs_path(job, "seal", &path, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *body = json_new_object();
    json_add_base64(body, "seal", request->seal);
    json_add_base64(body, "proof", request->proof);
    const struct remote_exchange exchange = {
        .method = "PUT",
        .path = path,
        .bearer = job->secret,
        .body = body,
        .body_bytes_max = REMOTE_SEAL_BODY_BYTES_MAX,
    };
    AUTO(remote_answer_done) struct remote_answer answer = {0};
    if (remote_http_exchange(call, &exchange, &answer, err) != ERR_NONE)
        return err_add(err, "ask for the extended seal");
    if (read_answer(&answer, out, err) != ERR_NONE)
        return err_add(err, "read the seal");
    return ERR_NONE;
}
