#include "agent/doctor/doctor_browser.h"
#include "agent/doctor/doctor_checks.h"
#include "agent/trust/trust_status.h"

static const struct {
    const char *state;
    enum doctor_code code;
} meanings[] = {
    {"missing", DOCTOR_TRUST_MISSING},     {"outdated", DOCTOR_TRUST_OUTDATED},
    {"no-policy", DOCTOR_TRUST_NO_POLICY}, {"restart", DOCTOR_TRUST_RESTART},
    {"failed", DOCTOR_TRUST_FAILED},
};

static void judge(const struct doctor_world *world, const struct json *row,
                  struct doctor_findings *findings)
{
    const char *browser = doctor_world_text(row, "browser");
    const char *state = doctor_world_text(row, "state");
    const char *path = doctor_world_text(row, "path");
    const char *detail = doctor_world_text(row, "detail");
    if (browser == NULL || state == NULL || !doctor_browser_any_like(world, browser))
        return;
    AUTO(memory_freep) char *place = memory_printf("%s %s", browser, path == NULL ? "" : path);
    doctor_findings_fact(findings, place, state);
    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if (strcmp(meanings[i].state, state) == 0)
            doctor_findings_add(findings, meanings[i].code, "%s%s%s", place,
                                detail == NULL ? "" : ": ", detail == NULL ? "" : detail);
}

void doctor_trust_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    struct err err = ERR_INIT;
    AUTO(trust_user_done) struct trust_user user = {0};
    if (trust_user_from_environment(world->state_folder, NULL, &user, &err) != ERR_NONE) {
        doctor_findings_fact(findings, "error", err.detail);
        return;
    }
    AUTO(memory_freep) char *policies = doctor_world_path(world, user.firefox_policies);
    user.firefox_policies = policies;
    AUTO(json_freep) struct json *status = trust_status(&user, LANG_EN);
    /* An agent that was never started has no certificate yet: that it does not run is told elsewhere. */
    if (doctor_world_text(status, "certificate") == NULL)
        return;
    const struct json *rows = json_member(status, "browsers");
    for (size_t i = 0; json_is_array(rows) && i < json_count(rows); i++)
        judge(world, json_item(rows, i), findings);
}
