#include "agent/doctor/doctor_finding.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct item {
    const char *code;
    bool fixable;
    struct text title, cause, remedy;
};

#define FIX true
#define NO false
#define DOCTOR_ITEM(name, code, fix, zh, en, zh_cause, en_cause, zh_remedy, en_remedy) \
    [name] = {code, fix, {zh, en}, {zh_cause, en_cause}, {zh_remedy, en_remedy}},
static const struct item items[] = {
#include "agent/doctor/doctor_list.h"
};
#undef DOCTOR_ITEM
#undef FIX
#undef NO

const char *doctor_code_text(enum doctor_code code)
{
    assert(code < DOCTOR_CODE_COUNT);
    return items[code].code;
}

bool doctor_code_fixable(enum doctor_code code)
{
    assert(code < DOCTOR_CODE_COUNT);
    return items[code].fixable;
}

struct text doctor_code_title(enum doctor_code code)
{
    assert(code < DOCTOR_CODE_COUNT);
    return items[code].title;
}

struct text doctor_code_cause(enum doctor_code code)
{
    assert(code < DOCTOR_CODE_COUNT);
    return items[code].cause;
}

struct text doctor_code_remedy(enum doctor_code code)
{
    assert(code < DOCTOR_CODE_COUNT);
    return items[code].remedy;
}

void doctor_findings_add(struct doctor_findings *findings, enum doctor_code code,
                         const char *format, ...)
{
    char found[DOCTOR_FOUND_BYTES_MAX];
    va_list arguments;
    if (findings->count == DOCTOR_FINDINGS_MAX)
        return;
    va_start(arguments, format);
    int length = vsnprintf(found, sizeof found, format, arguments);
    va_end(arguments);
    if (length < 0)
        found[0] = '\0';
    text_repair_utf8(found);
    findings->at[findings->count++] = (struct doctor_finding){code, memory_text(found)};
}

void doctor_findings_fact(struct doctor_findings *findings, const char *name, const char *value)
{
    if (findings->facts == NULL)
        findings->facts = json_new_object();
    json_remove_member(findings->facts, name);
    json_add_text(findings->facts, name, value);
}

bool doctor_findings_have(const struct doctor_findings *findings, enum doctor_code code)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->at[i].code == code)
            return true;
    return false;
}

void doctor_findings_drop(struct doctor_findings *findings, enum doctor_code code)
{
    size_t kept = 0;
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->at[i].code == code)
            free(findings->at[i].found);
        else
            findings->at[kept++] = findings->at[i];
    }
    findings->count = kept;
}

void doctor_findings_move(struct doctor_findings *findings, struct doctor_findings *from)
{
    for (size_t i = 0; i < from->count; i++) {
        if (findings->count < DOCTOR_FINDINGS_MAX)
            findings->at[findings->count++] = from->at[i];
        else
            free(from->at[i].found);
    }
    from->count = 0;
}

void doctor_findings_done(struct doctor_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        free(findings->at[i].found);
    json_free(findings->facts);
    findings->count = 0;
    findings->facts = NULL;
}

struct json *doctor_finding_json(const struct doctor_finding *finding, enum lang lang)
{
    struct json *json = json_new_object();
    json_add_text(json, "code", doctor_code_text(finding->code));
    json_add_text(json, "title", text_in(doctor_code_title(finding->code), lang));
    json_add_text(json, "found", finding->found);
    json_add_text(json, "cause", text_in(doctor_code_cause(finding->code), lang));
    json_add_text(json, "remedy", text_in(doctor_code_remedy(finding->code), lang));
    json_add_bool(json, "fixable", doctor_code_fixable(finding->code));
    return json;
}
