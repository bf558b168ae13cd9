/* What a platform answers: the first byte of an input is the question, then come a line with the status, one
 * with the content type, and the body. */
#include <curl/curl.h>

#include "agent/remote/remote_confirmation.h"
#include "agent/remote/remote_http.h"
#include "agent/remote/remote_jobs.h"
#include "agent/remote/remote_request.h"
#include "agent/remote/remote_seal.h"
#include "agent/remote/remote_unblock.h"
#include "agent/remote/remote_verdict.h"
#include "fuzz.h"
#include "fuzz_input.h"

static struct span coming; /* the answer to the next question */

static const struct remote_call call = {
    .platform =
        &(struct remote_platform){.name = "test", .base_url = "https://portal.test/agent/v1"},
};
static struct bytes *challenge;
static struct remote_job job = {
    .id = (char[]){"0123456789abcdef0123456789abcdef"},
    .secret = (char[]){"0123456789012345678901234567890123456789012"},
    .kind = (char[]){"renew"},
};

/* In place of the one that sends: judges and reads as it does. */
enum err_code remote_http_exchange(const struct remote_call *unused,
                                   const struct remote_exchange *exchange,
                                   struct remote_answer *out, struct err *err)
{
    AUTO(memory_freep) char *status = fuzz_line(&coming);
    AUTO(memory_freep) char *type = fuzz_line(&coming);
    struct remote_answer answer = {.status = status == NULL ? 0 : strtol(status, NULL, 10)};
    const struct remote_transfer transfer = {
        .curl_text = "",
        .status = answer.status,
        .content_type = type,
        .body = coming,
    };
    bool retry = false;
    if (answer.status < 0 || answer.status > 999)
        return err_set(err, ERR_PLATFORM_ANSWER, "libcurl gives no such status");
    if (remote_verdict(&transfer, &retry, err) != ERR_NONE)
        return err->code;
    if (json_parse(coming, REMOTE_BODY_BYTES_MAX, &answer.json, err) != ERR_NONE)
        return err->code = ERR_PLATFORM_ANSWER;
    *out = answer;
    return ERR_NONE;
}

void remote_answer_done(struct remote_answer *answer)
{
    json_freep(&answer->json);
}

static enum err_code redeem(struct err *err)
{
    AUTO(remote_job_freep) struct remote_job *got = NULL;
    AUTO(memory_freep) char *path = NULL;
    const struct remote_redeem redeem = {.ticket = "t", .serial = "s", .model = "m"};
    if (remote_jobs_redeem(&call, &redeem, &got, err) != ERR_NONE)
        return err->code;
    fuzz_require(got->challenge->len >= REMOTE_CHALLENGE_BYTES_MIN &&
                 got->challenge->len <= REMOTE_CHALLENGE_BYTES_MAX);
    fuzz_require(strpbrk(got->order, "\r\n") == NULL && strpbrk(got->holder, "\r\n") == NULL);
    /* what goes into an address and a header is of the form for it */
    fuzz_require(remote_jobs_path(got, "request", &path, err) == ERR_NONE);
    return ERR_NONE;
}

static void check_chain(struct bytes *const chain[], size_t count)
{
    fuzz_require(count <= REMOTE_CHAIN_MAX);
    for (size_t i = 0; i < REMOTE_CHAIN_MAX; i++)
        fuzz_require((chain[i] != NULL) == (i < count));
    for (size_t i = 0; i < count; i++)
        fuzz_touch(span_bytes(chain[i]));
}

static enum err_code request(struct err *err)
{
    AUTO(remote_issued_freep) struct remote_issued *issued = NULL;
    int retry_s = 0;
    if (remote_request_put(&call, &job, &(struct remote_request){0}, &issued, &retry_s, err) !=
        ERR_NONE) {
        fuzz_require(err->code != ERR_PLATFORM_PENDING ||
                     (retry_s >= 1 && retry_s <= REMOTE_RETRY_SECONDS_MAX));
        return err->code;
    }
    fuzz_require(issued->sign_cert != NULL);
    check_chain(issued->chain, issued->chain_count);
    return ERR_NONE;
}

static enum err_code seal(struct err *err)
{
    AUTO(remote_new_seal_freep) struct remote_new_seal *got = NULL;
    if (remote_seal_put(&call, &job, &(struct remote_seal_request){0}, &got, err) != ERR_NONE)
        return err->code;
    fuzz_require(got->seal != NULL && got->seal->len <= REMOTE_SEAL_BYTES_MAX);
    check_chain(got->chain, got->chain_count);
    return ERR_NONE;
}

static enum err_code unblock(struct err *err)
{
    AUTO(secret_freep) struct secret *blob = NULL;
    const struct remote_unblock_request request = {.purpose = REMOTE_UNBLOCK_PIN, .profile = "p"};
    if (remote_unblock_post(&call, &job, &request, &blob, err) != ERR_NONE)
        return err->code;
    size_t length = secret_peek(blob).len;
    fuzz_require(length >= REMOTE_BLOB_BYTES_MIN && length <= REMOTE_BLOB_BYTES_MAX);
    return ERR_NONE;
}

static enum err_code confirm(struct err *err)
{
    const struct remote_confirmation confirmation = {.outcome = "written"};
    return remote_confirmation_put(&call, &job, &confirmation, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static enum err_code (*const questions[])(struct err * err) = {redeem, request, seal, unblock,
                                                                   confirm};
    struct err err = ERR_INIT;
    coming = span_of(data, size);
    if (challenge == NULL)
        job.challenge = challenge = bytes_new(span_text("0123456789abcdef"));
    enum err_code code = questions[fuzz_byte(&coming) % ARRAY_SIZE(questions)](&err);
    fuzz_require(code == ERR_NONE || (code == err.code && err.detail[0] != '\0'));
    fuzz_require(code != ERR_INTERNAL);
    return 0;
}
