#include "agent/doctor/doctor_report.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/doctor/doctor.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"

#define ASK_SECONDS 40
#define REPORT_BYTES_MAX 4194304
/* 8 keys with 6 texts each, 200 operations with 3, and a few of the user. */
#define REPLACED_MAX 800
/* Shorter texts stand in too many words. */
#define TEXT_BYTES_MIN 3
#define SERIAL_SIGNS 2 /* that stay at each end */

struct replacement {
    char *text, *by;
};

struct replacements {
    size_t count;
    struct replacement at[REPLACED_MAX];
};

static void replacements_free(struct replacements *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->at[i].text);
        free(list->at[i].by);
    }
    free(list);
}

static void replacements_freep(struct replacements **list)
{
    replacements_free(*list);
    *list = NULL;
}

static void replace(struct replacements *list, const char *text, const char *by)
{
    if (text == NULL || strlen(text) < TEXT_BYTES_MIN || list->count == REPLACED_MAX)
        return;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->at[i].text, text) == 0)
            return;
    list->at[list->count++] = (struct replacement){memory_text(text), memory_text(by)};
}

/* As it is, and as it stands in JSON, where a quotation mark is escaped. */
static void replace_both(struct replacements *list, const char *text, const char *by)
{
    AUTO(json_freep) struct json *array = json_new_array();
    json_append_text(array, text == NULL ? "" : text);
    AUTO(memory_freep) char *printed = json_print(array);
    static const size_t around = sizeof "[\"" - 1;
    AUTO(memory_freep)
    char *escaped = memory_printf("%.*s", (int)(strlen(printed) - 2 * around), printed + around);
    replace(list, text, by);
    replace(list, escaped, by);
}

static void shorten(struct replacements *list, const char *serial)
{
    size_t length = serial == NULL ? 0 : strlen(serial);
    if (length < TEXT_BYTES_MIN)
        return;
    bool long_enough = length > 3 * SERIAL_SIGNS;
    AUTO(memory_freep)
    char *by = long_enough ? memory_printf("%.*s...%s", SERIAL_SIGNS, serial,
                                           serial + length - SERIAL_SIGNS)
                           : memory_text("(serial)");
    replace(list, serial, by);
}

/* ---- what the agent knows of persons ---- */

/* The parts of "CN=...,O=..." too: an error may name one of them. */
static void replace_name(struct replacements *list, const char *name)
{
    static const char by[] = "(name)";
    replace_both(list, name, by);
    const char *at = name == NULL ? NULL : strchr(name, '=');
    while (at != NULL) {
        size_t length = strcspn(at + 1, ",+");
        AUTO(memory_freep) char *part = memory_printf("%.*s", (int)length, at + 1);
        /* A country is in every word. */
        replace_both(list, part, by);
        at = strchr(at + 1, '=');
    }
}

static void take_members(struct replacements *list, const struct json *object)
{
    static const char *const names[] = {"label",        "subject", "common_name",
                                        "organisation", "holder",  "name"};
    static const char *const serials[] = {"serial", "sha256", "order"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        replace_name(list, doctor_world_text(object, names[i]));
    for (size_t i = 0; i < ARRAY_SIZE(serials); i++)
        shorten(list, doctor_world_text(object, serials[i]));
}

/* "Maker Model [CCID] (0123456789ABCDEF) 00 00": libccid puts the serial of USB there. */
static void take_readers(struct replacements *list, const char *text)
{
    const char *at = text == NULL ? NULL : strchr(text, '(');
    for (; at != NULL; at = strchr(at + 1, '(')) {
        size_t length = strspn(at + 1, "0123456789ABCDEFabcdef");
        AUTO(memory_freep) char *serial = memory_printf("%.*s", (int)length, at + 1);
        if (at[1 + length] == ')' && length > 3 * SERIAL_SIGNS)
            shorten(list, serial);
    }
}

static void take_rows(struct replacements *list, const struct json *rows)
{
    for (size_t i = 0; json_is_array(rows) && i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        take_members(list, row);
        take_readers(list, doctor_world_text(row, "reader"));
        if (!json_is_object(row))
            continue;
        take_members(list, json_member(row, "token"));
        take_rows(list, json_member(row, "certificates"));
        take_rows(list, json_member(row, "seals"));
    }
}

static void ask(const struct doctor_options *options, struct replacements *list)
{
    static const char *const paths[][2] = {{"/v1/tokens", "tokens"},
                                           {"/v1/operations", "operations"}};
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct err ignored = ERR_INIT;
        AUTO(json_freep) struct json *answer = NULL;
        if (options->ask(options->socket_path, paths[i][0], ASK_SECONDS, &answer, &ignored) ==
            ERR_NONE)
            take_rows(list, json_member(answer, paths[i][1]));
    }
}

/* What the doctor itself saw. */
static void take_found(struct replacements *list, const struct doctor_findings *findings)
{
    const struct json *pcsc = findings->facts == NULL ? NULL : json_member(findings->facts, "pcsc");
    take_readers(list, doctor_world_text(pcsc, "readers"));
    for (size_t i = 0; i < findings->count; i++)
        take_readers(list, findings->at[i].found);
}

static void take_user(struct replacements *list)
{
    const struct passwd *user = getpwuid(geteuid());
    const char *home = getenv("HOME");
    replace(list, home, "~");
    if (user == NULL)
        return;
    replace(list, user->pw_dir, "~");
    if (geteuid() != 0)
        replace(list, user->pw_name, "(user)");
}

/* ---- putting together ---- */

static int longer_first(const void *a, const void *b)
{
    const struct replacement *one = a, *two = b;
    size_t first = strlen(one->text), second = strlen(two->text);
    return first < second ? 1 : first > second ? -1 : 0;
}

static char *cleaned(const char *text, const struct replacements *list)
{
    AUTO(buf_done) struct buf out = BUF_INIT(REPORT_BYTES_MAX);
    while (*text != '\0') {
        size_t i = 0;
        while (i < list->count && strncmp(text, list->at[i].text, strlen(list->at[i].text)) != 0)
            i++;
        if (i < list->count) {
            buf_add_text(&out, list->at[i].by);
            text += strlen(list->at[i].text);
        } else {
            buf_add_u8(&out, (uint8_t)*text++);
        }
    }
    struct span span = buf_span(&out);
    return memory_printf("%.*s", (int)span.len, span.len == 0 ? "" : (const char *)span.at);
}

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
    AUTO(replacements_freep) struct replacements *list = memory_new(sizeof *list);
    AUTO(json_freep) struct json *json = doctor_json(findings, LANG_EN);
    AUTO(memory_freep) char *found = json_print_pretty(json);
    AUTO(memory_freep) char *name = system_name();
    ask(options, list);
    take_found(list, findings);
    take_user(list);
    qsort(list->at, list->count, sizeof list->at[0], longer_first);
    clock_format_utc(clock_now_utc(), now);
    bool known = uname(&kernel) == 0;
    AUTO(memory_freep)
    char *text = memory_printf("ukeyd %s, %s\n%s, Linux %s %s\n\n%s\n\n%s", UKEYD_VERSION, now,
                               name, known ? kernel.release : "", known ? kernel.machine : "",
                               found, log == NULL ? "" : log);
    return cleaned(text, list);
}

enum err_code doctor_report_write(const char *path, const char *text, struct err *err)
{
    struct span left = span_text(text);
    AUTO(file_closep)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        err_set_errno(err, errno == EEXIST ? ERR_RECORD_EXISTS : ERR_FILE, "make the report");
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
