#include "agent/remote/remote_unblock.h"

#include "agent/remote/remote_http.h"
#include "agent/remote/remote_jobs.h"
#include "base/hex.h"

/* REMOTE_BLOB_BYTES_MAX in base64. */
#define DATA_TEXT_BYTES_MAX 88

static const struct {
    const char *name;
    size_t bytes_min, bytes_max; /* of the answer's data */
    bool as_challenge; /* as long as the challenge that it enciphers */
} purposes[] = {
    /* One cipher block: the cryptogram of VerifyPIN. */
    [REMOTE_UNBLOCK_LOGIN] = {"login", 16, 16},
    /* The enciphered PIN, at least one block, and a MAC of four bytes; PIV: three times eight bytes. */
    [REMOTE_UNBLOCK_PIN] = {"unblock", 20, REMOTE_BLOB_BYTES_MAX},
    /* One block of 3DES or AES. */
    [REMOTE_UNBLOCK_MANAGE] = {"manage", REMOTE_BLOB_BYTES_MIN, 16, .as_challenge = true},
};

static struct json *body_of(const struct remote_unblock_request *request)
{
    struct json *body = json_new_object();
    json_add_text(body, "purpose", purposes[request->purpose].name);
    json_add_base64(body, "challenge", request->challenge);
    json_add_base64(body, "application", request->application);
    json_add_text(body, "profile", request->profile);
    if (request->algorithm != NULL)
        json_add_text(body, "algorithm", request->algorithm);
    if (request->administrator_tries >= 0)
        json_add_integer(body, "administrator_tries", request->administrator_tries);
    if (request->refused)
        json_add_bool(body, "refused", true);
    return body;
}

static enum err_code check_length(const struct remote_unblock_request *request, size_t length,
                                  struct err *err)
{
    size_t least = purposes[request->purpose].bytes_min;
    size_t most = purposes[request->purpose].bytes_max;
    if (purposes[request->purpose].as_challenge)
        least = most = request->challenge.len;
    if (length < least || length > most)
        return err_set(err, ERR_PLATFORM_ANSWER, "data: %zu bytes, %zu to %zu are due", length,
                       least, most);
    return ERR_NONE;
}

/* Each copy of the data is wiped, but for what libcurl and TLS held of it. */
static enum err_code read_data(const struct remote_answer *answer,
                               const struct remote_unblock_request *request, struct secret **out,
                               struct err *err)
{
    const char *text = NULL;
    AUTO(bytes_wipe_freep) struct bytes *data = NULL;
    AUTO(secret_freep) struct secret *secret = NULL;
    const struct json_field fields[] = {
        {"data", JSON_TEXT, .limit = DATA_TEXT_BYTES_MAX, .out = &text},
    };
    if (answer->status != 200)
        return err_set_foreign(err, ERR_PLATFORM_ANSWER, answer->status,
                               "HTTP status %ld where data was due", answer->status);
    if (json_read(answer->json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err->code = ERR_PLATFORM_ANSWER;
    if (base64_decode(text, REMOTE_BLOB_BYTES_MAX, &data, err) != ERR_NONE) {
        err_add(err, "data");
        return err->code = ERR_PLATFORM_ANSWER;
    }
    if (check_length(request, data->len, err) != ERR_NONE ||
        secret_new(REMOTE_BLOB_BYTES_MAX, &secret, err) != ERR_NONE)
        return err->code;
    memcpy(secret_room(secret), data->at, data->len);
    secret_set_length(secret, data->len);
    *out = TAKE(secret);
    return ERR_NONE;
}

enum err_code remote_unblock_post(const struct remote_call *call, const struct remote_job *job,
                                  const struct remote_unblock_request *request, struct secret **out,
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
        .secret = true,
    };
    AUTO(remote_answer_done) struct remote_answer answer = {0};
    if (remote_http_exchange(call, &exchange, &answer, err) != ERR_NONE)
        return err_add(err, "ask for what unblocks the key");
    if (read_data(&answer, request, out, err) != ERR_NONE)
        return err_add(err, "read what unblocks the key");
    return ERR_NONE;
}
