#include "agent/ops/op_facts.h"

#include "agent/ops/op_journal.h"

/* Longest text of a journaled error. */
#define ERROR_TEXT_BYTES_MAX ERR_DETAIL_BYTES
/* GetPinInfo gives a byte. */
#define PIN_TRIES_MAX 255

void op_facts_done(struct op_facts *facts)
{
    remote_job_freep(&facts->job);
    remote_issued_freep(&facts->issued);
    struct bytes **const owned[] = {&facts->csr, &facts->proof, &facts->old_sign_cert,
                                    &facts->old_encrypt_cert, &facts->confirmation_proof};
    for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
        bytes_freep(owned[i]);
    *facts = (struct op_facts){0};
}

void op_facts_forget_secret(struct op_facts *facts)
{
    if (facts->job == NULL || facts->job->secret == NULL)
        return;
    explicit_bzero(facts->job->secret, strlen(facts->job->secret));
    memory_freep(&facts->job->secret);
}

/* ---- to JSON ---- */

static void add_bytes(struct json *json, const char *name, const struct bytes *bytes)
{
    if (bytes != NULL)
        json_add_base64(json, name, span_bytes(bytes));
}

static struct json *job_to_json(const struct remote_job *job)
{
    struct json *json = json_new_object();
    json_add_text(json, "id", job->id);
    if (job->secret != NULL)
        json_add_text(json, "secret", job->secret);
    json_add_text(json, "kind", job->kind);
    add_bytes(json, "challenge", job->challenge);
    json_add_integer(json, "expires", job->expires_utc);
    json_add_text(json, "order", job->order);
    json_add_text(json, "holder", job->holder);
    json_add_text(json, "serial", job->serial);
    if (job->seal != NULL)
        json_add_text(json, "seal", job->seal);
    json_add_bool(json, "approved", job->approved);
    json_add_bool(json, "replace_key", job->replace_key);
    json_add_text(json, "algorithm", job->algorithm);
    json_add_bool(json, "dual", job->dual);
    json_add_integer(json, "not_after", job->not_after_utc);
    return json;
}

static struct json *issued_to_json(const struct remote_issued *issued)
{
    struct json *json = json_new_object();
    add_bytes(json, "sign_cert", issued->sign_cert);
    add_bytes(json, "encrypt_cert", issued->encrypt_cert);
    add_bytes(json, "envelope", issued->envelope);
    struct json *chain = json_new_array();
    for (size_t i = 0; i < issued->chain_count; i++)
        json_append_base64(chain, span_bytes(issued->chain[i]));
    json_add(json, "chain", chain);
    return json;
}

static struct json *error_to_json(const struct err *error)
{
    struct json *json = json_new_object();
    json_add_text(json, "code", err_code_text(error->code));
    json_add_text(json, "detail", error->detail[0] == '\0' ? NULL : error->detail);
    json_add_integer(json, "tries", error->tries_left < 0 ? 0 : error->tries_left + 1);
    return json;
}

static struct json *pin_to_json(const struct token_pin_state *pin)
{
    struct json *json = json_new_object();
    if (pin->tries_max >= 0)
        json_add_integer(json, "max", pin->tries_max);
    if (pin->tries_left >= 0)
        json_add_integer(json, "left", pin->tries_left);
    json_add_bool(json, "default", pin->is_default);
    return json;
}

static void add_old_seal(struct json *json, const struct op_facts *facts)
{
    json_add_text(json, "old_seal_file", facts->old_seal_file);
    json_add_base64(json, "old_seal_digest", SPAN_ARRAY(facts->old_seal_digest));
    json_add_bool(json, "old_seal_left", facts->old_seal_left);
}

struct json *op_facts_to_json(const struct op_facts *facts)
{
    struct json *json = json_new_object();
    if (facts->job != NULL)
        json_add(json, "job", job_to_json(facts->job));
    if (facts->container[0] != '\0')
        json_add_text(json, "container", facts->container);
    json_add_bool(json, "container_is_ours", facts->container_is_ours);
    if (facts->kept_reason != ERR_NONE)
        json_add_text(json, "kept_reason", err_code_text(facts->kept_reason));
    json_add_bool(json, "key_changed", facts->key_changed);
    json_add_bool(json, "changed_earlier", facts->changed_earlier);
    json_add_bool(json, "requested", facts->requested);
    add_bytes(json, "csr", facts->csr);
    add_bytes(json, "proof", facts->proof);
    if (facts->issued != NULL)
        json_add(json, "issued", issued_to_json(facts->issued));
    add_bytes(json, "old_sign_cert", facts->old_sign_cert);
    add_bytes(json, "old_encrypt_cert", facts->old_encrypt_cert);
    json_add_integer(json, "old_not_after", facts->old_not_after_utc);
    json_add_integer(json, "new_not_after", facts->new_not_after_utc);
    if (facts->seal_file[0] != '\0')
        json_add_text(json, "seal_file", facts->seal_file);
    if (facts->old_seal_file[0] != '\0')
        add_old_seal(json, facts);
    if (facts->has_pin_before)
        json_add(json, "pin_before", pin_to_json(&facts->pin_before));
    json_add_bool(json, "pin_sent", facts->pin_sent);
    json_add_bool(json, "written", facts->written);
    if (facts->written || facts->has_pin_before)
        json_add_base64(json, "written_digest", SPAN_ARRAY(facts->written_digest));
    add_bytes(json, "confirmation_proof", facts->confirmation_proof);
    json_add_integer(json, "confirm_attempts", facts->confirm_attempts);
    json_add_integer(json, "confirm_after", facts->confirm_after_utc);
    if (facts->error.code != ERR_NONE)
        json_add(json, "error", error_to_json(&facts->error));
    return json;
}

/* ---- from JSON ---- */

static enum err_code job_from_json(const struct json *json, struct remote_job **out,
                                   struct err *err)
{
    const char *id, *secret = NULL, *kind, *order = NULL, *holder = NULL, *serial = NULL;
    const char *algorithm = NULL, *seal = NULL;
    AUTO(remote_job_freep) struct remote_job *job = memory_new(sizeof *job);
    const struct json_field fields[] = {
        {"id", JSON_TEXT, false, REMOTE_TEXT_BYTES_MAX, &id},
        {"secret", JSON_TEXT, true, REMOTE_TEXT_BYTES_MAX, &secret},
        {"kind", JSON_TEXT, false, REMOTE_TEXT_BYTES_MAX, &kind},
        {"challenge", JSON_BASE64, false, REMOTE_CHALLENGE_BYTES_MAX, &job->challenge},
        {"expires", JSON_INTEGER, false, 0, &job->expires_utc},
        {"order", JSON_TEXT, true, REMOTE_TEXT_BYTES_MAX, &order},
        {"holder", JSON_TEXT, true, REMOTE_TEXT_BYTES_MAX, &holder},
        {"serial", JSON_TEXT, true, REMOTE_TEXT_BYTES_MAX, &serial},
        {"seal", JSON_TEXT, true, REMOTE_TEXT_BYTES_MAX, &seal},
        {"approved", JSON_BOOL, false, 0, &job->approved},
        {"replace_key", JSON_BOOL, false, 0, &job->replace_key},
        {"algorithm", JSON_TEXT, true, REMOTE_TEXT_BYTES_MAX, &algorithm},
        {"dual", JSON_BOOL, false, 0, &job->dual},
        {"not_after", JSON_INTEGER, false, 0, &job->not_after_utc},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err_add(err, "job");
    job->id = memory_text(id);
    job->secret = memory_text(secret);
    job->kind = memory_text(kind);
    job->order = memory_text(order);
    job->holder = memory_text(holder);
    job->serial = memory_text(serial);
    job->seal = memory_text(seal);
    job->algorithm = memory_text(algorithm);
    *out = TAKE(job);
    return ERR_NONE;
}

static enum err_code chain_from_json(const struct json *chain, struct remote_issued *issued,
                                     struct err *err)
{
    for (size_t i = 0; i < json_count(chain); i++) {
        AUTO(json_freep) struct json *holder = json_new_object();
        json_add(holder, "certificate", json_copy(json_item(chain, i)));
        const struct json_field field = {"certificate", JSON_BASE64, false, REMOTE_CERT_BYTES_MAX,
                                         &issued->chain[i]};
        if (json_read(holder, &field, 1, JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
            return err->code;
        issued->chain_count = i + 1;
    }
    return ERR_NONE;
}

static enum err_code issued_from_json(const struct json *json, struct remote_issued **out,
                                      struct err *err)
{
    const struct json *chain = NULL;
    AUTO(remote_issued_freep) struct remote_issued *issued = memory_new(sizeof *issued);
    const struct json_field fields[] = {
        {"sign_cert", JSON_BASE64, false, REMOTE_CERT_BYTES_MAX, &issued->sign_cert},
        {"encrypt_cert", JSON_BASE64, true, REMOTE_CERT_BYTES_MAX, &issued->encrypt_cert},
        {"envelope", JSON_BASE64, true, REMOTE_ENVELOPE_BYTES_MAX, &issued->envelope},
        {"chain", JSON_ARRAY, false, REMOTE_CHAIN_MAX, &chain},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE ||
        chain_from_json(chain, issued, err) != ERR_NONE)
        return err_add(err, "issued");
    *out = TAKE(issued);
    return ERR_NONE;
}

static enum err_code error_from_json(const struct json *json, struct err *out, struct err *err)
{
    const char *code, *detail = "";
    int64_t tries = 0;
    const struct json_field fields[] = {
        {"code", JSON_TEXT, false, ERROR_TEXT_BYTES_MAX, &code},
        {"detail", JSON_TEXT, true, ERROR_TEXT_BYTES_MAX, &detail},
        {"tries", JSON_INTEGER, true, 256, &tries},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err_add(err, "error");
    enum err_code known = err_code_from_text(code);
    err_set(out, known == ERR_NONE ? ERR_INTERNAL : known, "%s", detail);
    out->tries_left = (int)tries - 1;
    return ERR_NONE;
}

static enum err_code pin_from_json(const struct json *json, struct op_facts *facts, struct err *err)
{
    int64_t max = -1, left = -1; /* the key did not say */
    bool is_default = false;
    const struct json_field fields[] = {
        {"max", JSON_INTEGER, true, PIN_TRIES_MAX, &max},
        {"left", JSON_INTEGER, true, PIN_TRIES_MAX, &left},
        {"default", JSON_BOOL, false, 0, &is_default},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err_add(err, "pin_before");
    facts->pin_before = (struct token_pin_state){(int)max, (int)left, is_default};
    facts->has_pin_before = true;
    return ERR_NONE;
}

static void take_digest(const struct bytes *digest, uint8_t out[OP_DIGEST_BYTES])
{
    if (digest != NULL && digest->len == OP_DIGEST_BYTES)
        memcpy(out, digest->at, OP_DIGEST_BYTES);
}

static enum err_code read_parts(const struct json *json, struct op_facts *facts, struct err *err)
{
    const struct json *job = NULL, *issued = NULL, *error = NULL, *pin = NULL;
    const char *container = "", *seal_file = "", *old_seal_file = "", *kept_reason = "";
    AUTO(bytes_freep) struct bytes *digest = NULL;
    AUTO(bytes_freep) struct bytes *old_seal_digest = NULL;
    const struct json_field fields[] = {
        {"job", JSON_OBJECT, true, 0, &job},
        {"container", JSON_TEXT, true, TOKEN_NAME_BYTES_MAX, &container},
        {"container_is_ours", JSON_BOOL, false, 0, &facts->container_is_ours},
        {"kept_reason", JSON_TEXT, true, ERROR_TEXT_BYTES_MAX, &kept_reason},
        {"key_changed", JSON_BOOL, false, 0, &facts->key_changed},
        {"changed_earlier", JSON_BOOL, true, 0, &facts->changed_earlier},
        {"requested", JSON_BOOL, false, 0, &facts->requested},
        {"csr", JSON_BASE64, true, REMOTE_CERT_BYTES_MAX, &facts->csr},
        {"proof", JSON_BASE64, true, REMOTE_CERT_BYTES_MAX, &facts->proof},
        {"issued", JSON_OBJECT, true, 0, &issued},
        {"old_sign_cert", JSON_BASE64, true, TOKEN_CERT_BYTES_MAX, &facts->old_sign_cert},
        {"old_encrypt_cert", JSON_BASE64, true, TOKEN_CERT_BYTES_MAX, &facts->old_encrypt_cert},
        {"old_not_after", JSON_INTEGER, false, 0, &facts->old_not_after_utc},
        {"new_not_after", JSON_INTEGER, false, 0, &facts->new_not_after_utc},
        {"seal_file", JSON_TEXT, true, TOKEN_NAME_BYTES_MAX, &seal_file},
        {"old_seal_file", JSON_TEXT, true, TOKEN_NAME_BYTES_MAX, &old_seal_file},
        {"old_seal_digest", JSON_BASE64, true, OP_DIGEST_BYTES, &old_seal_digest},
        {"old_seal_left", JSON_BOOL, true, 0, &facts->old_seal_left},
        {"pin_before", JSON_OBJECT, true, 0, &pin},
        {"pin_sent", JSON_BOOL, true, 0, &facts->pin_sent},
        {"written", JSON_BOOL, false, 0, &facts->written},
        {"written_digest", JSON_BASE64, true, OP_DIGEST_BYTES, &digest},
        {"confirmation_proof", JSON_BASE64, true, REMOTE_CERT_BYTES_MAX,
         &facts->confirmation_proof},
        {"confirm_attempts", JSON_INTEGER, true, 0, &facts->confirm_attempts},
        {"confirm_after", JSON_INTEGER, true, 0, &facts->confirm_after_utc},
        {"error", JSON_OBJECT, true, 0, &error},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err->code;
    memcpy(facts->container, container, strlen(container) + 1);
    facts->kept_reason = err_code_from_text(kept_reason);
    memcpy(facts->seal_file, seal_file, strlen(seal_file) + 1);
    memcpy(facts->old_seal_file, old_seal_file, strlen(old_seal_file) + 1);
    take_digest(digest, facts->written_digest);
    take_digest(old_seal_digest, facts->old_seal_digest);
    if (job != NULL && job_from_json(job, &facts->job, err) != ERR_NONE)
        return err->code;
    if (issued != NULL && issued_from_json(issued, &facts->issued, err) != ERR_NONE)
        return err->code;
    if (pin != NULL && pin_from_json(pin, facts, err) != ERR_NONE)
        return err->code;
    return error == NULL ? ERR_NONE : error_from_json(error, &facts->error, err);
}

enum err_code op_facts_from_json(const char *text, struct op_facts *facts, struct err *err)
{
    AUTO(json_freep) struct json *json = NULL;
    if (json_parse(span_text(text), OP_JOURNAL_FACTS_BYTES_MAX, &json, err) != ERR_NONE ||
        read_parts(json, facts, err) != ERR_NONE) {
        op_facts_done(facts);
        err_add(err, "read journaled facts");
        return err->code = ERR_JOURNAL;
    }
    return ERR_NONE;
}
