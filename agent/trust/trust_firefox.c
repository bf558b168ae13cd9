#include "agent/trust/trust_firefox.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/trust/trust_user.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/json.h"

#define FILE_MODE 0644
#define RECORD_MODE 0600
#define FOLDER_MODE 0755
#define RECORD_BYTES_MAX (4 * TRUST_FIREFOX_BYTES_MAX)

/* The lists that we add to: policies.<policy>.<list>. */
static const char *const install_list[] = {"policies", "Certificates", "Install"};
static const char *const skip_list[] = {"policies", "LocalNetworkAccess", "SkipDomains"};
#define LIST_DEPTH 3

/* The host of "https://host:port", as SkipDomains wants it. */
static char *host_of(const char *origin)
{
    const char *host = strstr(origin, "://");
    host = host == NULL ? origin : host + 3;
    size_t length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    return memory_printf("%.*s", (int)strnlen(host, length), host);
}

/* ---- the lists ---- */

static bool holds(const struct json *array, const char *value)
{
    for (size_t i = 0; i < json_count(array); i++) {
        const char *text = json_text_of(json_item(array, i));
        if (text != NULL && strcmp(text, value) == 0)
            return true;
    }
    return false;
}

/* NULL when it is not there. */
static struct json *list_of(struct json *root, const char *const *names)
{
    for (size_t i = 0; i < LIST_DEPTH && root != NULL; i++)
        root = json_is_object(root) ? json_member_to_change(root, names[i]) : NULL;
    return root;
}

static struct json *child_of(struct json *parent, const char *name, bool list, const char *path,
                             struct err *err)
{
    struct json *child = json_member_to_change(parent, name);
    if (child == NULL) {
        json_add(parent, name, list ? json_new_array() : json_new_object());
        return json_member_to_change(parent, name);
    }
    if (list ? json_is_array(child) : json_is_object(child))
        return child;
    err_set(err, ERR_TRUST_POLICY_FILE, "%s: \"%s\" is of another type", path, name);
    return NULL;
}

/* Makes what is missing on the way. */
static enum err_code add(struct json *root, const char *const *names, const char *value,
                         const char *path, struct err *err)
{
    for (size_t i = 0; i < LIST_DEPTH; i++) {
        root = child_of(root, names[i], i == LIST_DEPTH - 1, path, err);
        if (root == NULL)
            return err->code;
    }
    if (!holds(root, value))
        json_append_text(root, value);
    return ERR_NONE;
}

/* Takes the value out, and what has become empty on the way. */
static void take(struct json *root, const char *const *names, const char *value)
{
    struct json *at[LIST_DEPTH + 1] = {root};
    for (size_t i = 0; i < LIST_DEPTH; i++) {
        at[i + 1] = json_is_object(at[i]) ? json_member_to_change(at[i], names[i]) : NULL;
        if (at[i + 1] == NULL)
            return;
    }
    json_remove_text(at[LIST_DEPTH], value);
    for (size_t i = LIST_DEPTH; i > 1 && json_count(at[i]) == 0; i--)
        json_remove_member(at[i - 1], names[i - 1]);
}

/* ---- the file ---- */

/* An administrator may have put a link there: the file itself is replaced. */
static char *real_path(const char *path)
{
    char *real = realpath(path, NULL);
    return real != NULL ? real : memory_text(path);
}

/* ---- what we did ---- */

struct done {
    struct json *root;
    struct bytes *before; /* NULL: there was no file */
    struct bytes *after;
    const struct json *added; /* per list: what was not there before; inside root */
};

static void done_done(struct done *done)
{
    bytes_freep(&done->before);
    bytes_freep(&done->after);
    json_freep(&done->root);
}

static enum err_code read_record(const struct trust_firefox *wanted, struct done *out,
                                 struct err *err)
{
    AUTO(bytes_freep) struct bytes *text = NULL;
    const struct json_field fields[] = {
        {"before", JSON_BASE64, true, TRUST_FIREFOX_BYTES_MAX, &out->before},
        {"after", JSON_BASE64, false, 2 * TRUST_FIREFOX_BYTES_MAX, &out->after},
        {"added", JSON_OBJECT, false, 0, &out->added},
    };
    if (file_read(wanted->record, RECORD_BYTES_MAX, &text, err) != ERR_NONE ||
        json_parse(span_bytes(text), RECORD_BYTES_MAX, &out->root, err) != ERR_NONE)
        return err->code;
    return json_read(out->root, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err);
}

/* added becomes part of it. */
static enum err_code write_record(const struct trust_firefox *wanted, const struct bytes *before,
                                  struct span after, struct json *added, struct err *err)
{
    AUTO(memory_freep) char *copy = memory_text(wanted->record);
    AUTO(json_freep) struct json *record = json_new_object();
    if (before != NULL)
        json_add_base64(record, "before", span_bytes(before));
    json_add_base64(record, "after", after);
    json_add(record, "added", added);
    AUTO(memory_freep) char *text = json_print_pretty(record);
    if (file_make_folder(dirname(copy), FOLDER_MODE, err) != ERR_NONE)
        return err->code;
    return file_write_atomic(wanted->record, span_text(text), RECORD_MODE, err);
}

static void take_all(struct json *root, const char *const *names, const struct json *values)
{
    for (size_t i = 0; i < json_count(values); i++) {
        const char *value = json_text_of(json_item(values, i));
        if (value != NULL)
            take(root, names, value);
    }
}

/* ---- the content without us ---- */

/* text: NULL when there would be no file; json: what it says. */
struct content {
    struct bytes *text;
    struct json *json;
};

static void content_done(struct content *content)
{
    bytes_freep(&content->text);
    json_freep(&content->json);
}

static enum err_code parse(const char *path, struct bytes *text, struct content *out,
                           struct err *err)
{
    out->text = text;
    if (text == NULL) {
        out->json = json_new_object();
        return ERR_NONE;
    }
    if (json_parse(span_bytes(text), TRUST_FIREFOX_BYTES_MAX, &out->json, err) != ERR_NONE) {
        err->code = ERR_TRUST_POLICY_FILE;
        return err_add(err, "%s", path);
    }
    if (!json_is_object(out->json))
        return err_set(err, ERR_TRUST_POLICY_FILE, "%s: no object", path);
    return ERR_NONE;
}

static enum err_code read_now(const char *path, struct content *out, struct err *err)
{
    struct bytes *text = NULL;
    struct err why = ERR_INIT;
    if (file_read(path, TRUST_FIREFOX_BYTES_MAX, &text, &why) != ERR_NONE &&
        why.code != ERR_FILE_MISSING) {
        *err = why;
        return err->code;
    }
    return parse(path, text, out, err);
}

/* Somebody else has edited the file: only our entries go. */
static void take_ours(struct content *content, const struct done *done)
{
    take_all(content->json, install_list, json_member(done->added, install_list[LIST_DEPTH - 1]));
    take_all(content->json, skip_list, json_member(done->added, skip_list[LIST_DEPTH - 1]));
    AUTO(memory_freep) char *text = json_print_pretty(content->json);
    AUTO(memory_freep) char *ended = memory_printf("%s\n", text);
    bytes_freep(&content->text);
    content->text = bytes_new(span_text(ended));
}

static enum err_code read_without_us(const struct trust_firefox *wanted, struct content *out,
                                     struct err *err)
{
    struct err ignored = ERR_INIT;
    AUTO(done_done) struct done done = {0};
    if (read_now(wanted->path, out, err) != ERR_NONE)
        return err->code;
    if (out->text == NULL || read_record(wanted, &done, &ignored) != ERR_NONE)
        return ERR_NONE;
    if (!span_equal(span_bytes(out->text), span_bytes(done.after))) {
        take_ours(out, &done);
        return ERR_NONE;
    }
    content_done(out);
    return parse(wanted->path, TAKE(done.before), out, err);
}

/* ---- exported ---- */

/* Notes in added what was not there. */
static enum err_code merge_one(struct json *root, const char *const *names, const char *value,
                               const char *path, struct json *added, struct err *err)
{
    if (holds(list_of(root, names), value))
        return ERR_NONE;
    json_append_text(json_member_to_change(added, names[LIST_DEPTH - 1]), value);
    return add(root, names, value, path, err);
}

static enum err_code merge(const struct trust_firefox *wanted, struct json *root,
                           struct json *added, struct err *err)
{
    json_add(added, install_list[LIST_DEPTH - 1], json_new_array());
    json_add(added, skip_list[LIST_DEPTH - 1], json_new_array());
    if (merge_one(root, install_list, TRUST_FIREFOX_NAME, wanted->path, added, err) != ERR_NONE)
        return err->code;
    for (size_t i = 0; i < wanted->origin_count; i++) {
        AUTO(memory_freep) char *host = host_of(wanted->origins[i]);
        if (merge_one(root, skip_list, host, wanted->path, added, err) != ERR_NONE)
            return err->code;
    }
    return ERR_NONE;
}

static enum err_code write_policies(const char *path, struct span text, struct err *err)
{
    struct stat status;
    AUTO(memory_freep) char *real = real_path(path);
    AUTO(memory_freep) char *copy = memory_text(real);
    mode_t mode = stat(real, &status) == 0 ? status.st_mode & 0777 : FILE_MODE;
    if (file_make_folder(dirname(copy), FOLDER_MODE, err) != ERR_NONE)
        return err->code;
    return file_write_atomic(real, text, mode, err);
}

/* The record first: what is in the file is always known. */
enum err_code trust_firefox_install(const struct trust_firefox *wanted, struct err *err)
{
    AUTO(content_done) struct content without = {0};
    AUTO(json_freep) struct json *added = json_new_object();
    bool all = false, any;
    if (trust_firefox_look(wanted, &all, &any, err) != ERR_NONE ||
        read_without_us(wanted, &without, err) != ERR_NONE ||
        merge(wanted, without.json, added, err) != ERR_NONE)
        return err->code;
    if (all)
        return ERR_NONE;
    AUTO(memory_freep) char *text = json_print_pretty(without.json);
    AUTO(memory_freep) char *ended = memory_printf("%s\n", text);
    if (write_record(wanted, without.text, span_text(ended), TAKE(added), err) != ERR_NONE)
        return err->code;
    return write_policies(wanted->path, span_text(ended), err);
}

static enum err_code delete_file(const char *path, struct err *err)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return ERR_NONE;
    err_set_errno(err, ERR_FILE, "delete");
    return err_add(err, "%s", path);
}

enum err_code trust_firefox_remove(const struct trust_firefox *wanted, struct err *err)
{
    AUTO(content_done) struct content without = {0};
    if (access(wanted->record, F_OK) != 0)
        return ERR_NONE; /* we were never here */
    if (read_without_us(wanted, &without, err) != ERR_NONE)
        return err->code;
    enum err_code code = without.text == NULL
                             ? delete_file(wanted->path, err)
                             : write_policies(wanted->path, span_bytes(without.text), err);
    return code != ERR_NONE ? code : delete_file(wanted->record, err);
}

static bool is_wanted_host(const struct trust_firefox *wanted, const char *name)
{
    for (size_t i = 0; i < wanted->origin_count; i++) {
        AUTO(memory_freep) char *host = host_of(wanted->origins[i]);
        if (strcmp(host, name) == 0)
            return true;
    }
    return false;
}

/* Whether a host that we put there is of no platform any more. */
static bool has_stale_host(const struct trust_firefox *wanted, struct json *root)
{
    struct err ignored = ERR_INIT;
    AUTO(done_done) struct done done = {0};
    if (wanted->record == NULL || read_record(wanted, &done, &ignored) != ERR_NONE)
        return false;
    const struct json *hosts = json_member(done.added, skip_list[LIST_DEPTH - 1]);
    for (size_t i = 0; i < json_count(hosts); i++) {
        const char *host = json_text_of(json_item(hosts, i));
        if (host != NULL && holds(list_of(root, skip_list), host) && !is_wanted_host(wanted, host))
            return true;
    }
    return false;
}

enum err_code trust_firefox_look(const struct trust_firefox *wanted, bool *out_all, bool *out_any,
                                 struct err *err)
{
    AUTO(content_done) struct content now = {0};
    if (read_now(wanted->path, &now, err) != ERR_NONE)
        return err->code;
    *out_any = holds(list_of(now.json, install_list), TRUST_FIREFOX_NAME);
    *out_all = *out_any && !has_stale_host(wanted, now.json);
    for (size_t i = 0; i < wanted->origin_count; i++) {
        AUTO(memory_freep) char *host = host_of(wanted->origins[i]);
        *out_all = *out_all && holds(list_of(now.json, skip_list), host);
    }
    return ERR_NONE;
}

enum err_code trust_firefox_names(const char *path, bool *out, struct err *err)
{
    const struct trust_firefox nothing = {.path = path};
    bool all;
    return trust_firefox_look(&nothing, &all, out, err);
}
