#include "agent/remote/remote_unblock.h"

#include "agent/remote/remote_http.h"
#include "agent/remote/remote_jobs.h"

static const struct {
    const char *name;
    size_t bytes_min, bytes_max; /* of the answer's data */
} purposes[] = {
    /* One cipher block: the cryptogram of VerifyPIN. */
    [REMOTE_UNBLOCK_LOGIN] = {"login", 16, 16},
    /* The enciphered PIN, at least one block, and a MAC of four bytes. */
    [REMOTE_UNBLOCK_PIN] = {"unblock", 20, REMOTE_BLOB_BYTES_MAX},
};

static struct json *body_of(const struct remote_unblock_request *request)
{
    struct json *body = json_new_object();
    json_add_text(body, "purpose", purposes[request->purpose].name);
    json_add_base64(body, "challenge", request->challenge);
    json_add_base64(body, "application", request->application);
    json_add_text(body, "profile", request->profile);
    json_add_integer(body, "administrator_tries", request->administrator_tries);
    return body;
}

static enum err_code read_data(const struct remote_answer *answer,
                               enum remote_unblock_purpose purpose, struct bytes **out,
                               struct err *err)
{
    AUTO(bytes_freep) struct bytes *data = NULL;
    const struct json_field fields[] = {
        {"data", JSON_BASE64, .limit = purposes[purpose].bytes_max, .out = &data},
    };
    if (answer->status != 200)
        return err_set_foreign(err, ERR_PLATFORM_ANSWER, answer->status,
                               "HTTP status %ld where data was due", answer->status);
    if (json_read(answer->json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err->code = ERR_PLATFORM_ANSWER;
    if (data->len < purposes[purpose].bytes_min)
        return err_set(err, ERR_PLATFORM_ANSWER, "data: %zu bytes, at least %zu", data->len,
                       purposes[purpose].bytes_min);
    *out = TAKE(data);
    return ERR_NONE;
}

enum err_code remote_unblock_post(const struct remote_call *call, const struct remote_job *job,
                                  const struct remote_unblock_request *request, struct bytes **out,
                                  struct err *err)
{
    AUTO(memory_freep) char *path = NULL;
    if (remote_jobs_path(job, "unblock", &path, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *body = body_of(request);
    const struct remote_exchange exchange = {
        .method = "POST",
        .path = path,
        .bearer = job->secret,
        .body = body,
        .once = true,
    };
    AUTO(remote_answer_done) struct remote_answer answer = {0};
    if (remote_http_exchange(call, &exchange, &answer, err) != ERR_NONE)
        return err_add(err, "ask for what unblocks the key");
    if (read_data(&answer, request->purpose, out, err) != ERR_NONE)
        return err_add(err, "read what unblocks the key");
    return ERR_NONE;
}
