#include "agent/doctor/doctor_report.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/doctor/doctor.h"
#include "agent/doctor/doctor_journal.h"
#include "agent/doctor/doctor_mask.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "certs/cert.h"

#define ASK_SECONDS 40

/* ---- what the agent knows of persons ---- */

static void take_members(struct doctor_mask *mask, const struct json *object)
{
    static const char *const names[] = {"label",        "subject", "common_name",
                                        "organisation", "holder",  "name"};
    static const char *const serials[] = {"serial", "sha256", "order"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        doctor_mask_name(mask, doctor_world_text(object, names[i]));
    for (size_t i = 0; i < ARRAY_SIZE(serials); i++)
        doctor_mask_serial(mask, doctor_world_text(object, serials[i]));
}

static void take_rows(struct doctor_mask *mask, const struct json *rows)
{
    for (size_t i = 0; json_is_array(rows) && i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        take_members(mask, row);
        doctor_mask_learn(mask, doctor_world_text(row, "reader"));
        if (!json_is_object(row))
            continue;
        take_members(mask, json_member(row, "token"));
        take_rows(mask, json_member(row, "certificates"));
        take_rows(mask, json_member(row, "seals"));
    }
}

static void ask(const struct doctor_options *options, struct doctor_mask *mask)
{
    static const char *const paths[][2] = {{"/v1/tokens", "tokens"},
                                           {"/v1/operations", "operations"}};
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct err ignored = ERR_INIT;
        AUTO(json_freep) struct json *answer = NULL;
        if (options->ask(options->socket_path, paths[i][0], ASK_SECONDS, &answer, &ignored) ==
            ERR_NONE)
            take_rows(mask, json_member(answer, paths[i][1]));
    }
}

/* ---- what the journal knows, where no agent has it ---- */

static void take_certificate(struct doctor_mask *mask, const struct json *object, const char *name)
{
    struct err ignored = ERR_INIT;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(cert_freep) struct cert *cert = NULL;
    const struct json_field field = {name, JSON_BASE64, true, CERT_BYTES_MAX, &der};
    if (!json_is_object(object) ||
        json_read(object, &field, 1, JSON_UNKNOWN_IGNORED, &ignored) != ERR_NONE || der == NULL ||
        cert_parse(span_bytes(der), &cert, &ignored) != ERR_NONE)
        return;
    doctor_mask_name(mask, cert_peek(cert)->subject);
    doctor_mask_name(mask, cert_peek(cert)->common_name);
    doctor_mask_name(mask, cert_peek(cert)->organisation);
}

static void take_row(void *context, const struct op_row *row)
{
    struct err ignored = ERR_INIT;
    AUTO(json_freep) struct json *facts = NULL;
    doctor_mask_serial(context, row->serial);
    if (json_parse(span_text(row->facts), OP_JOURNAL_FACTS_BYTES_MAX, &facts, &ignored) !=
            ERR_NONE ||
        !json_is_object(facts))
        return;
    take_members(context, json_member(facts, "job"));
    take_certificate(context, facts, "old_sign_cert");
    take_certificate(context, json_member(facts, "issued"), "sign_cert");
}

static void take_journal(const struct doctor_options *options, struct doctor_mask *mask)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *folder = doctor_world_state_folder(options->state_folder);
    if (folder != NULL && doctor_journal_each(folder, take_row, mask, &err) != ERR_NONE)
        log_debug("doctor", "no name is taken from the journal: %s", err.detail);
}

static void take_user(struct doctor_mask *mask)
{
    const struct passwd *user = getpwuid(geteuid());
    const char *home = getenv("HOME");
    doctor_mask_text(mask, home, "~");
    if (user == NULL)
        return;
    doctor_mask_text(mask, user->pw_dir, "~");
    if (geteuid() != 0)
        doctor_mask_text(mask, user->pw_name, "(user)");
}

/* ---- putting together ---- */

/* "Debian GNU/Linux 12 (bookworm)". */
static char *system_name(void)
{
    struct err ignored = ERR_INIT;
    AUTO(bytes_freep) struct bytes *text = NULL;
    static const char key[] = "PRETTY_NAME=";
    const char *at = NULL;
    if (file_read("/etc/os-release", 65536, &text, &ignored) == ERR_NONE)
        at = strstr((const char *)text->at, key);
    if (at == NULL)
        return memory_text("(unknown)");
    at += strlen(key) + (at[strlen(key)] == '"');
    return memory_printf("%.*s", (int)strcspn(at, "\"\n"), at);
}

char *doctor_report_text(const struct doctor_options *options,
                         const struct doctor_findings *findings, const char *log)
{
    struct utsname kernel;
    char now[CLOCK_TEXT_BYTES];
    AUTO(doctor_mask_freep) struct doctor_mask *mask = doctor_mask_new();
    AUTO(json_freep) struct json *json = doctor_json(findings, LANG_EN);
    AUTO(memory_freep) char *found = json_print_pretty(json);
    AUTO(memory_freep) char *name = system_name();
    ask(options, mask);
    take_journal(options, mask);
    take_user(mask);
    clock_format_utc(clock_now_utc(), now);
    bool known = uname(&kernel) == 0;
    AUTO(memory_freep)
    char *text = memory_printf("ukeyd %s, %s\n%s, Linux %s %s\n\n%s\n\n%s", UKEYD_VERSION, now,
                               name, known ? kernel.release : "", known ? kernel.machine : "",
                               found, log == NULL ? "" : log);
    doctor_mask_learn(mask, text);
    return doctor_mask_apply(mask, text);
}

enum err_code doctor_report_write(const char *path, const char *text, struct err *err)
{
    struct span left = span_text(text);
    AUTO(file_closep)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        err_set_errno(err, errno == EEXIST ? ERR_REPORT_EXISTS : ERR_FILE, "make the report");
        return err_add(err, "%s", path);
    }
    while (left.len > 0) {
        ssize_t put = write(fd, left.at, left.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return err_set_errno(err, ERR_FILE, "write the report");
        left = span_of(left.at + put, left.len - (size_t)put);
    }
    return ERR_NONE;
}
