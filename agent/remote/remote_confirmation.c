#include "agent/remote/remote_confirmation.h"

#include "agent/remote/remote_http.h"
#include "agent/remote/remote_jobs.h"

static enum err_code read_acknowledgement(const struct remote_answer *answer, struct err *err)
{
    bool acknowledged = false;
    const struct json_field fields[] = {{"acknowledged", JSON_BOOL, .out = &acknowledged}};
    if (json_read(answer->json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err->code = ERR_PLATFORM_ANSWER;
    if (answer->status != 200 || !acknowledged)
        return err_set_foreign(err, ERR_PLATFORM_ANSWER, answer->status,
                               "HTTP status %ld without an acknowledgement", answer->status);
    return ERR_NONE;
}

enum err_code remote_confirmation_put(const struct remote_call *call, const struct remote_job *job,
                                      const struct remote_confirmation *confirmation,
                                      struct err *err)
{
    AUTO(memory_freep) char *path = NULL;
    if (remote_jobs_path(job, "confirmation", &path, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *body = json_new_object();
    json_add_text(body, "outcome", confirmation->outcome);
    json_add_base64(body, "digest", confirmation->digest);
    if (confirmation->proof.len > 0)
        json_add_base64(body, "proof", confirmation->proof);
    const struct remote_exchange exchange = {
        .method = "PUT", .path = path, .bearer = job->secret, .body = body};
    AUTO(remote_answer_done) struct remote_answer answer = {0};
    if (remote_http_exchange(call, &exchange, &answer, err) != ERR_NONE)
        return err_add(err, "confirm to the platform");
    if (read_acknowledgement(&answer, err) != ERR_NONE)
        return err_add(err, "read the acknowledgement");
    return ERR_NONE;
}
