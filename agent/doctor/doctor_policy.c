#include "agent/doctor/doctor_policy.h"

#include <dirent.h>
#include <stdio.h>

#include "agent/doctor/doctor_browser.h"
#include "agent/doctor/doctor_checks.h"
#include "agent/trust/trust_system.h"

#define POLICY_BYTES_MAX 1048576

/* Where the browsers read policies. Source: agent/trust/trust_system.c. */
static const struct {
    const char *browser;
    const char *folder;
} folders[] = {
    {"chromium", "/etc/chromium/policies/managed"},
    {"chrome", "/etc/opt/chrome/policies/managed"},
    {"edge", "/etc/opt/edge/policies/managed"},
};

/* Each wins over those that allow. The second for browsers before 146. */
static const char *const blocking[] = {
    "LoopbackNetworkBlockedForUrls",
    "LocalNetworkAccessBlockedForUrls",
};

/* ---- blocked ---- */

static const char *skip_scheme(const char *text)
{
    const char *at = strstr(text, "://");
    return at == NULL ? text : at + 3;
}

static bool ends_with(const char *text, size_t length, const char *ending)
{
    size_t more = strlen(ending);
    return length >= more && memcmp(text + length - more, ending, more) == 0 &&
           (length == more || text[length - more - 1] == '.');
}

bool doctor_policy_covers(const char *pattern, const char *origin)
{
    static const char any_below[] = "[*.]";
    if (strcmp(pattern, "*") == 0 || strcmp(pattern, origin) == 0)
        return true;
    const char *wanted = skip_scheme(pattern);
    const char *host = skip_scheme(origin);
    bool below = strncmp(wanted, any_below, strlen(any_below)) == 0;
    size_t length = strcspn(host, *host == '[' ? "]" : ":") + (*host == '[');
    if (wanted != pattern && strncmp(pattern, "https://", strlen("https://")) != 0 &&
        *pattern != '*')
        return false;
    if (below)
        return ends_with(host, length, wanted + strlen(any_below));
    return strcmp(wanted, host) == 0 ||
           (strlen(wanted) == length && strncmp(wanted, host, length) == 0);
}

static void judge_list(const struct doctor_world *world, const char *path, const char *policy,
                       const struct json *list, struct doctor_findings *findings)
{
    for (size_t i = 0; json_is_array(list) && i < json_count(list); i++) {
        const char *pattern = json_text_of(json_item(list, i));
        for (size_t k = 0; pattern != NULL && k < world->config->platform_count; k++)
            if (doctor_policy_covers(pattern, world->config->platforms[k].origin))
                doctor_findings_add(findings, DOCTOR_POLICY_BLOCKED, "%s: %s: %s", path, policy,
                                    pattern);
    }
}

static void judge_file(const struct doctor_world *world, const char *path,
                       struct doctor_findings *findings)
{
    struct err ignored = ERR_INIT;
    AUTO(json_freep) struct json *json = NULL;
    AUTO(memory_freep) char *text = doctor_world_read(world, path);
    /* One that can't be read is not obeyed by the browser either. */
    if (text == NULL ||
        json_parse(span_text(text), POLICY_BYTES_MAX, &json, &ignored) != ERR_NONE ||
        !json_is_object(json))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(blocking); i++)
        judge_list(world, path, blocking[i], json_member(json, blocking[i]), findings);
}

static void judge_folder(const struct doctor_world *world, const char *folder,
                         struct doctor_findings *findings)
{
    AUTO(memory_freep) char *full = doctor_world_path(world, folder);
    DIR *dir = opendir(full);
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        AUTO(memory_freep) char *path = memory_printf("%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            judge_file(world, path, findings);
    }
    if (dir != NULL)
        closedir(dir);
}

/* ---- ours ---- */

static void judge_row(const struct doctor_world *world, const struct json *row,
                      struct doctor_findings *findings)
{
    static const struct {
        const char *state;
        enum doctor_code code;
    } meanings[] = {{"missing", DOCTOR_POLICY_MISSING},
                    {"outdated", DOCTOR_POLICY_OUTDATED},
                    {"failed", DOCTOR_POLICY_FAILED}};
    const char *browser = doctor_world_text(row, "browser");
    const char *state = doctor_world_text(row, "state");
    const char *path = doctor_world_text(row, "path");
    const char *detail = doctor_world_text(row, "detail");
    const char *error = doctor_world_text(row, "code");
    if (browser == NULL || state == NULL || !doctor_browser_installed(world, browser))
        return;
    doctor_findings_fact(findings, browser, state);
    bool conflict = error != NULL && strcmp(error, "trust-policy-conflict") == 0;
    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if (strcmp(meanings[i].state, state) == 0)
            doctor_findings_add(findings, conflict ? DOCTOR_POLICY_OVERRIDDEN : meanings[i].code,
                                "%s: %s", browser,
                                detail != NULL ? detail
                                : path != NULL ? path
                                               : "");
}

void doctor_policy_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    const char *origins[CONFIG_PLATFORMS_MAX];
    const struct config *config = world->config;
    if (config == NULL || config->platform_count == 0)
        return;
    for (size_t i = 0; i < config->platform_count; i++)
        origins[i] = config->platforms[i].origin;
    const struct trust_system system = {
        .root = world->root, .origins = origins, .origin_count = config->platform_count};
    AUTO(json_freep) struct json *rows = trust_system_status(&system, LANG_EN);
    for (size_t i = 0; i < json_count(rows); i++)
        judge_row(world, json_item(rows, i), findings);
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
        if (doctor_browser_installed(world, folders[i].browser))
            judge_folder(world, folders[i].folder, findings);
}
