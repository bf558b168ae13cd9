#include "agent/remote/remote_jobs.h"

#include <stdlib.h>

#include "agent/remote/remote_http.h"

static const char hex_digits[] = "0123456789abcdefABCDEF";
/* Source: RFC 6750 2.1 (b64token). */
static const char bearer_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";

/* What a ticket can be for, and whether its job says how certificates are made. */
static const struct {
    const char *name;
    bool has_policy;
} kinds[] = {{"check", true}, {"renew", true}, {"extend-seal", false}, {"reset-pin", false}};
static const char *const key_policies[] = {"keep", "replace"};
static const char *const algorithms[] = {"sm2", "rsa2048", "p256", "p384"};

void remote_job_free(struct remote_job *job)
{
    if (job == NULL)
        return;
    if (job->secret != NULL)
        explicit_bzero(job->secret, strlen(job->secret));
    free(job->id);
    free(job->secret);
    free(job->kind);
    bytes_free(job->challenge);
    free(job->order);
    free(job->holder);
    free(job->serial);
    free(job->seal);
    free(job->algorithm);
    free(job);
}

void remote_job_freep(struct remote_job **job)
{
    remote_job_free(*job);
    *job = NULL;
}

static bool id_is_well_formed(const char *id)
{
    return strlen(id) == REMOTE_JOB_ID_DIGITS && strspn(id, hex_digits) == REMOTE_JOB_ID_DIGITS;
}

static bool secret_is_well_formed(const char *secret)
{
    size_t length = strlen(secret);
    return length >= REMOTE_SECRET_BYTES_MIN && length <= REMOTE_SECRET_BYTES_MAX &&
           strspn(secret, bearer_characters) == length;
}

enum err_code remote_jobs_path(const struct remote_job *job, const char *resource, char **out,
                               struct err *err)
{
    if (!id_is_well_formed(job->id) || !secret_is_well_formed(job->secret))
        return err_set(err, ERR_INTERNAL, "the job's id or secret is malformed");
    *out = memory_printf("/jobs/%s/%s", job->id, resource);
    return ERR_NONE;
}

static struct json *redeem_body(const struct remote_redeem *redeem)
{
    struct json *token = json_new_object();
    json_add_text(token, "serial", redeem->serial);
    json_add_text(token, "model", redeem->model);
    struct json *certificates = json_new_array();
    for (size_t i = 0; i < redeem->cert_count; i++)
        json_append_base64(certificates, redeem->certs[i]);
    struct json *body = json_new_object();
    json_add_text(body, "ticket", redeem->ticket);
    json_add_text(body, "agent", "ukeyd/" UKEYD_VERSION);
    json_add(body, "token", token);
    json_add(body, "certificates", certificates);
    return body;
}

/* ---- the answer ---- */

/* The members as they stand in the answer; texts are borrowed from it. */
struct reading {
    const char *id, *secret, *kind, *expires, *order, *holder, *serial, *not_after;
    const char *key, *algorithm;
    const char *seal; /* NULL: not given */
    struct bytes *challenge;
    bool approved, dual;
    bool has_policy; /* false: not_after, key and algorithm are NULL */
    int64_t expires_utc, not_after_utc;
};

static void reading_done(struct reading *reading)
{
    bytes_free(reading->challenge);
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* Texts for people stand in dialogs, where a line break could forge a line. */
static bool is_one_line(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            return false;
    return true;
}

static enum err_code read_members(const struct json *json, struct reading *reading, struct err *err)
{
    const struct json_field fields[] = {
        {"id", JSON_TEXT, .limit = REMOTE_JOB_ID_DIGITS, .out = &reading->id},
        {"secret", JSON_TEXT, .limit = REMOTE_SECRET_BYTES_MAX, .out = &reading->secret},
        {"kind", JSON_TEXT, .limit = REMOTE_TEXT_BYTES_MAX, .out = &reading->kind},
        {"challenge", JSON_BASE64, .limit = REMOTE_CHALLENGE_BYTES_MAX, .out = &reading->challenge},
        {"expires", JSON_TEXT, .limit = CLOCK_TEXT_BYTES - 1, .out = &reading->expires},
        {"order", JSON_TEXT, .limit = REMOTE_TEXT_BYTES_MAX, .out = &reading->order},
        {"holder", JSON_TEXT, .limit = REMOTE_TEXT_BYTES_MAX, .out = &reading->holder},
        {"serial", JSON_TEXT, .limit = REMOTE_TEXT_BYTES_MAX, .out = &reading->serial},
        {"approved", JSON_BOOL, .out = &reading->approved},
        {"seal", JSON_TEXT, .optional = true, .limit = REMOTE_TEXT_BYTES_MAX,
         .out = &reading->seal},
    };
    return json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err);
}

static enum err_code read_kind(struct reading *reading, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].name, reading->kind) == 0) {
            reading->has_policy = kinds[i].has_policy;
            return ERR_NONE;
        }
    return err_set(err, ERR_FIELD_VALUE, "kind: a value that we don't know");
}

static enum err_code read_policy(const struct json *policy, struct reading *reading,
                                 struct err *err)
{
    const struct json_field fields[] = {
        {"key", JSON_TEXT, .limit = REMOTE_TEXT_BYTES_MAX, .out = &reading->key},
        {"algorithm", JSON_TEXT, .limit = REMOTE_TEXT_BYTES_MAX, .out = &reading->algorithm},
        {"dual", JSON_BOOL, .out = &reading->dual},
    };
    if (json_read(policy, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err_add(err, "policy");
    return ERR_NONE;
}

/* How certificates are made, where the kind makes any. */
static enum err_code read_making(const struct json *json, struct reading *reading, struct err *err)
{
    const struct json *policy = NULL;
    const struct json_field fields[] = {
        {"not_after", JSON_TEXT, .limit = CLOCK_TEXT_BYTES - 1, .out = &reading->not_after},
        {"policy", JSON_OBJECT, .out = &policy},
    };
    if (!reading->has_policy)
        return ERR_NONE;
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err->code;
    return read_policy(policy, reading, err);
}

/* The name of the first member of the policy that we don't know how to follow, NULL: none. */
static const char *wrong_in_making(struct reading *reading)
{
    if (!reading->has_policy)
        return NULL;
    if (!clock_parse_utc(reading->not_after, &reading->not_after_utc))
        return "not_after";
    if (!is_one_of(reading->key, key_policies, ARRAY_SIZE(key_policies)))
        return "policy.key";
    if (!is_one_of(reading->algorithm, algorithms, ARRAY_SIZE(algorithms)))
        return "policy.algorithm";
    return NULL;
}

static enum err_code check_values(struct reading *reading, struct err *err)
{
    const char *wrong = NULL;
    if (!id_is_well_formed(reading->id))
        wrong = "id";
    else if (!secret_is_well_formed(reading->secret))
        wrong = "secret";
    else if (reading->challenge->len < REMOTE_CHALLENGE_BYTES_MIN)
        wrong = "challenge";
    else if (!clock_parse_utc(reading->expires, &reading->expires_utc))
        wrong = "expires";
    else if (!is_one_line(reading->order))
        wrong = "order";
    else if (!is_one_line(reading->holder))
        wrong = "holder";
    else if (!is_one_line(reading->serial))
        wrong = "serial";
    else if (reading->seal != NULL && !is_one_line(reading->seal))
        wrong = "seal";
    else
        wrong = wrong_in_making(reading);
    return wrong == NULL ? ERR_NONE
                         : err_set(err, ERR_FIELD_VALUE, "%s: a value that we don't know", wrong);
}

static struct remote_job *job_of(struct reading *reading)
{
    struct remote_job *job = memory_new(sizeof *job);
    job->id = memory_text(reading->id);
    job->secret = memory_text(reading->secret);
    job->kind = memory_text(reading->kind);
    job->challenge = TAKE(reading->challenge);
    job->expires_utc = reading->expires_utc;
    job->order = memory_text(reading->order);
    job->holder = memory_text(reading->holder);
    job->serial = memory_text(reading->serial);
    job->approved = reading->approved;
    job->seal = memory_text(reading->seal);
    job->replace_key = reading->has_policy && strcmp(reading->key, "replace") == 0;
    job->algorithm = memory_text(reading->algorithm);
    job->dual = reading->dual;
    job->not_after_utc = reading->not_after_utc;
    return job;
}

static enum err_code read_job(const struct json *json, struct remote_job **out, struct err *err)
{
    AUTO(reading_done) struct reading reading = {0};
    if (read_members(json, &reading, err) != ERR_NONE || read_kind(&reading, err) != ERR_NONE ||
        read_making(json, &reading, err) != ERR_NONE || check_values(&reading, err) != ERR_NONE)
        return err->code = ERR_PLATFORM_ANSWER;
    *out = job_of(&reading);
    return ERR_NONE;
}

enum err_code remote_jobs_redeem(const struct remote_call *call, const struct remote_redeem *redeem,
                                 struct remote_job **out, struct err *err)
{
    AUTO(json_freep) struct json *body = redeem_body(redeem);
    const struct remote_exchange exchange = {.method = "POST", .path = "/jobs", .body = body};
    AUTO(remote_answer_done) struct remote_answer answer = {0};
    if (remote_http_exchange(call, &exchange, &answer, err) != ERR_NONE)
        return err_add(err, "redeem the ticket");
    if (answer.status != 200)
        return err_set_foreign(err, ERR_PLATFORM_ANSWER, answer.status,
                               "HTTP status %ld where a job was due", answer.status);
    if (read_job(answer.json, out, err) != ERR_NONE)
        return err_add(err, "read the job");
    return ERR_NONE;
}
