#include "agent/remote/remote_request.h"

#include <stdlib.h>

#include "agent/remote/remote_chain.h"
#include "agent/remote/remote_http.h"
#include "agent/remote/remote_jobs.h"

void remote_issued_free(struct remote_issued *issued)
{
    if (issued == NULL)
        return;
    bytes_free(issued->sign_cert);
    bytes_free(issued->encrypt_cert);
    bytes_free(issued->envelope);
    for (size_t i = 0; i < REMOTE_CHAIN_MAX; i++)
        bytes_free(issued->chain[i]);
    free(issued);
}

void remote_issued_freep(struct remote_issued **issued)
{
    remote_issued_free(*issued);
    *issued = NULL;
}

static enum err_code read_members(const struct json *json, struct remote_issued *issued,
                                  struct err *err)
{
    const struct json *chain = NULL;
    const struct json_field fields[] = {
        {"sign_certificate", JSON_BASE64, .limit = REMOTE_CERT_BYTES_MAX,
         .out = &issued->sign_cert},
        {"encrypt_certificate", JSON_BASE64, true, REMOTE_CERT_BYTES_MAX, &issued->encrypt_cert},
        {"enveloped_key", JSON_BASE64, true, REMOTE_ENVELOPE_BYTES_MAX, &issued->envelope},
        {"chain", JSON_ARRAY, .limit = REMOTE_CHAIN_MAX, .out = &chain},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err->code;
    return remote_chain_read(chain, issued->chain, &issued->chain_count, err);
}

static enum err_code read_issued(const struct json *json, struct remote_issued **out,
                                 struct err *err)
{
    AUTO(remote_issued_freep) struct remote_issued *issued = memory_new(sizeof *issued);
    if (read_members(json, issued, err) != ERR_NONE)
        return err->code = ERR_PLATFORM_ANSWER;
    *out = TAKE(issued);
    return ERR_NONE;
}

static int retry_seconds(int retry_after_s)
{
    if (retry_after_s == 0)
        return REMOTE_RETRY_SECONDS_DEFAULT;
    return retry_after_s > REMOTE_RETRY_SECONDS_MAX ? REMOTE_RETRY_SECONDS_MAX : retry_after_s;
}

enum err_code remote_request_put(const struct remote_call *call, const struct remote_job *job,
                                 const struct remote_request *request, struct remote_issued **out,
                                 int *out_retry_s, struct err *err)
{
    AUTO(memory_freep) char *path = NULL;
    if (remote_jobs_path(job, "request", &path, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *body = json_new_object();
    json_add_base64(body, "csr", request->csr);
    json_add_base64(body, "proof", request->proof);
    if (request->kept != NULL)
        json_add_text(body, "kept_key_reason", request->kept);
    const struct remote_exchange exchange = {
        .method = "PUT", .path = path, .bearer = job->secret, .body = body};
    AUTO(remote_answer_done) struct remote_answer answer = {0};
    if (remote_http_exchange(call, &exchange, &answer, err) != ERR_NONE)
        return err_add(err, "hand in the certificate request");
    if (answer.status == 202) {
        *out_retry_s = retry_seconds(answer.retry_after_s);
        return err_set(err, ERR_PLATFORM_PENDING, "ask again in %d s", *out_retry_s);
    }
    if (read_issued(answer.json, out, err) != ERR_NONE)
        return err_add(err, "read the certificates");
    return ERR_NONE;
}
