#include "agent/doctor/doctor_checks.h"
#include "agent/doctor/doctor_sharing.h"

#define ASK_SECONDS 40
#define TRIES_MAX 255

static const struct json *object_at(const struct json *object, const char *name)
{
    const struct json *found = json_is_object(object) ? json_member(object, name) : NULL;
    return json_is_object(found) ? found : NULL;
}

static int64_t number_at(const struct json *object, const char *name)
{
    struct err ignored = ERR_INIT;
    int64_t value = -1;
    const struct json_field field = {name, JSON_INTEGER, .limit = TRIES_MAX, .out = &value};
    if (object == NULL || json_read(object, &field, 1, JSON_UNKNOWN_IGNORED, &ignored) != ERR_NONE)
        return -1;
    return value;
}

static const char *shown(const char *text)
{
    return text == NULL || *text == '\0' ? "(unknown)" : text;
}

static bool is_code(const char *code, const char *wanted)
{
    return code != NULL && strcmp(code, wanted) == 0;
}

static enum doctor_code code_of(const char *error)
{
    static const struct {
        const char *error;
        enum doctor_code code;
    } known[] = {
        {"key-unsupported", DOCTOR_KEY_UNSUPPORTED},
        {"key-no-serial", DOCTOR_KEY_NO_SERIAL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (is_code(error, known[i].error))
            return known[i].code;
    return DOCTOR_KEY_FAILED;
}

/* A key that an operation has is no broken one. */
static void judge_error(const struct doctor_world *world, const struct json *token,
                        const struct json *error, struct doctor_findings *findings)
{
    const char *code = doctor_world_text(error, "code");
    if (is_code(code, "reader-busy"))
        doctor_sharing_blame(world, shown(doctor_world_text(token, "reader")), findings);
    else if (!is_code(code, "key-busy"))
        doctor_findings_add(findings, code_of(code), "%s: %s: %s",
                            shown(doctor_world_text(token, "reader")), shown(code),
                            shown(doctor_world_text(error, "detail")));
}

static void judge_pin(const struct json *token, struct doctor_findings *findings)
{
    const struct json *pin = object_at(token, "pin");
    int64_t left = number_at(pin, "left"), max = number_at(pin, "max");
    const char *serial = shown(doctor_world_text(token, "serial"));
    if (left == 0)
        doctor_findings_add(findings, DOCTOR_PIN_LOCKED, "key %s: no try is left", serial);
    else if (left == 1 && max > 1)
        doctor_findings_add(findings, DOCTOR_PIN_LAST_TRY, "key %s: 1 of %d tries is left", serial,
                            (int)max);
}

/* After a renewal with a new key pair the old certificate stays beside the new one: only when none is good
 * it is told. */
static void judge_certificates(const struct json *token, struct doctor_findings *findings)
{
    const char *end = NULL;
    const struct json *rows = json_member(token, "certificates");
    for (size_t i = 0; json_is_array(rows) && i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        const char *usage = doctor_world_text(row, "usage");
        const char *due = doctor_world_text(row, "due");
        if (usage == NULL || due == NULL ||
            (strcmp(usage, "sign") != 0 && strcmp(usage, "both") != 0))
            continue;
        if (strcmp(due, "expired") != 0 && strcmp(due, "too-late") != 0)
            return;
        end = shown(doctor_world_text(row, "not_after"));
    }
    if (end != NULL)
        doctor_findings_add(findings, DOCTOR_CERTIFICATE_EXPIRED, "key %s: valid until %s",
                            shown(doctor_world_text(token, "serial")), end);
}

static void judge(const struct doctor_world *world, const struct json *token,
                  struct doctor_findings *findings)
{
    const struct json *error = object_at(token, "error");
    if (error != NULL) {
        judge_error(world, token, error, findings);
        return;
    }
    judge_pin(token, findings);
    judge_certificates(token, findings);
}

void doctor_keys_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *answer = NULL;
    if (!doctor_world_agent_runs(world))
        return;
    if (world->ask(world->socket_path, "/v1/tokens", ASK_SECONDS, &answer, &err) != ERR_NONE) {
        doctor_findings_add(findings, DOCTOR_KEY_FAILED, "%s", err.detail);
        return;
    }
    const struct json *rows = json_member(answer, "tokens");
    AUTO(memory_freep)
    char *count = memory_printf("%zu", json_is_array(rows) ? json_count(rows) : 0);
    doctor_findings_fact(findings, "keys", count);
    for (size_t i = 0; json_is_array(rows) && i < json_count(rows); i++)
        judge(world, json_item(rows, i), findings);
}
