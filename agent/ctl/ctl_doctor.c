#include "agent/ctl/ctl_doctor.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/ctl/ctl_log.h"
#include "agent/ctl/ctl_text.h"
#include "agent/doctor/doctor.h"
#include "agent/doctor/doctor_fix.h"
#include "agent/doctor/doctor_report.h"

#define LABEL(zh, en) ((struct text){zh, en})

/* A connection of its own: checks ask side by side. */
static enum err_code ask(const char *socket_path, const char *path, int timeout_s,
                         struct json **out, struct err *err)
{
    AUTO(ctl_client_freep) struct ctl_client *client = NULL;
    const struct ctl_request request = {"GET", path, NULL, timeout_s, 0};
    if (ctl_client_new(socket_path, LANG_EN, &client, err) != ERR_NONE)
        return err->code;
    return ctl_client_request(client, &request, out, err);
}

static struct doctor_options options_of(const struct ctl *ctl)
{
    const char *root = NULL;
#ifdef UKEYD_TEST_HOOKS
    root = getenv("UKEYD_TEST_ROOT");
#endif
    return (struct doctor_options){
        .config_file = ctl->options->config,
        .state_folder = ctl->options->state,
        .socket_path = ctl->options->socket_path,
        .root = root,
        .ask = ask,
    };
}

static void look(const struct doctor_options *options, struct doctor_findings *out)
{
    doctor_run(doctor_world_new(options), doctor_checks, doctor_check_count, out);
}

/* ---- for people ---- */

static void show_finding(const struct doctor_finding *finding, size_t number, enum lang lang)
{
    AUTO(memory_freep)
    char *code = memory_printf("%s%s", doctor_code_text(finding->code),
                               !doctor_code_fixable(finding->code)
                                   ? ""
                                   : text_in(LABEL("（可试 --fix）", " (--fix may help)"), lang));
    printf("%zu. ", number);
    ctl_text_print(stdout, text_in(doctor_code_title(finding->code), lang));
    fputc('\n', stdout);
    ctl_text_line(stdout, 3, LABEL("发现", "Found"), lang, finding->found);
    ctl_text_line(stdout, 3, LABEL("原因", "Cause"), lang,
                  text_in(doctor_code_cause(finding->code), lang));
    ctl_text_line(stdout, 3, LABEL("办法", "Remedy"), lang,
                  text_in(doctor_code_remedy(finding->code), lang));
    ctl_text_line(stdout, 3, LABEL("代码", "Code"), lang, code);
}

static void show_done(const struct json *done, enum lang lang)
{
    for (size_t i = 0; i < json_count(done); i++) {
        const struct json *row = json_item(done, i);
        struct err ignored = ERR_INIT;
        bool worked = false;
        const struct json_field field = {"done", JSON_BOOL, .out = &worked};
        if (json_read(row, &field, 1, JSON_UNKNOWN_IGNORED, &ignored) == ERR_NONE)
            ctl_text_line(stdout, 0,
                          worked ? LABEL("已处理", "Done") : LABEL("未能处理", "Not done"), lang,
                          doctor_world_text(row, "text"));
    }
}

static void show(const struct doctor_findings *findings, const struct json *done, enum lang lang)
{
    show_done(done, lang);
    for (size_t i = 0; i < findings->count; i++)
        show_finding(&findings->at[i], i + 1, lang);
    if (findings->count == 0)
        puts(text_in(LABEL("没有发现问题。", "Nothing is wrong."), lang));
}

/* ---- together ---- */

static enum err_code write_report(const struct ctl *ctl, const struct doctor_options *options,
                                  const struct doctor_findings *findings, struct err *err)
{
    AUTO(memory_freep) char *log = ctl_log_end(ctl->options->state, DOCTOR_REPORT_LOG_BYTES_MAX);
    AUTO(memory_freep) char *text = doctor_report_text(options, findings, log);
    return doctor_report_write(ctl->options->report, text, err);
}

enum err_code ctl_doctor(struct ctl *ctl, struct err *err)
{
    const struct doctor_options options = options_of(ctl);
    AUTO(doctor_findings_done) struct doctor_findings findings = {0};
    AUTO(json_freep) struct json *done = NULL;
    look(&options, &findings);
    if ((ctl->options->given & CTL_FIX) != 0) {
        done = doctor_fix(&options, &findings);
        doctor_findings_done(&findings);
        look(&options, &findings);
    }
    if (ctl_wants_json(ctl)) {
        AUTO(json_freep) struct json *json = doctor_json(&findings, ctl->options->lang);
        if (done != NULL)
            json_add(json, "fixed", json_copy(done));
        ctl_print_json(ctl, json);
    } else {
        show(&findings, done, ctl->options->lang);
    }
    if (ctl->options->report != NULL && write_report(ctl, &options, &findings, err) != ERR_NONE)
        return err->code;
    if (findings.count == 0)
        return ERR_NONE;
    return err_set(err, ERR_UNHEALTHY, "%zu findings", findings.count);
}
