/* What a check found. Texts of each code stand in doctor_list.h; what was found here and now is English and
 * technical, as an error's detail. A struct belongs to one thread. */
#pragma once

#include "base/json.h"
#include "base/text.h"

/* One check: 8 keys, 64 browser profiles, 64 platforms, and room. */
#define DOCTOR_FINDINGS_MAX 160
/* Of one text: a path and a sentence. */
#define DOCTOR_FOUND_BYTES_MAX 600

enum doctor_code {
#define DOCTOR_ITEM(name, code, fix, zh, en, zh_cause, en_cause, zh_remedy, en_remedy) name,
#include "agent/doctor/doctor_list.h"
#undef DOCTOR_ITEM
    DOCTOR_CODE_COUNT
};

const char *doctor_code_text(enum doctor_code code); /* "pin-locked" */
bool doctor_code_fixable(enum doctor_code code);
struct text doctor_code_title(enum doctor_code code);
struct text doctor_code_cause(enum doctor_code code);
struct text doctor_code_remedy(enum doctor_code code);

struct doctor_finding {
    enum doctor_code code;
    char *found;
};

/* {0} is an empty one. */
struct doctor_findings {
    size_t count;
    struct doctor_finding at[DOCTOR_FINDINGS_MAX];
    struct json *facts; /* what was seen, well or not: an object, NULL when nothing was */
};

/* More than DOCTOR_FINDINGS_MAX are dropped: those before say enough. The text is cut and made UTF-8. */
void doctor_findings_add(struct doctor_findings *findings, enum doctor_code code,
                         const char *format, ...) __attribute__((format(printf, 3, 4)));
/* For the report. value: NULL adds null. */
void doctor_findings_fact(struct doctor_findings *findings, const char *name, const char *value);
bool doctor_findings_have(const struct doctor_findings *findings, enum doctor_code code);
/* Takes out all with this code. */
void doctor_findings_drop(struct doctor_findings *findings, enum doctor_code code);
/* Hands all of from on to the end of findings. */
void doctor_findings_move(struct doctor_findings *findings, struct doctor_findings *from);
void doctor_findings_done(struct doctor_findings *findings);

/* {"code","title","found","cause","remedy","fixable"}. The caller frees. */
struct json *doctor_finding_json(const struct doctor_finding *finding, enum lang lang);
