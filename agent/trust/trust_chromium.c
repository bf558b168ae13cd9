#include "agent/trust/trust_chromium.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

#define FILE_MODE 0644
#define FOLDER_MODE 0755
#define POLICY_BYTES_MAX 1048576

/* The second for browsers before 146. */
static const char *const policies[] = {
    "LoopbackNetworkAllowedForUrls",
    "LocalNetworkAccessAllowedForUrls",
};

static char *content_of(const struct trust_chromium *wanted)
{
    AUTO(json_freep) struct json *json = json_new_object();
    for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
        struct json *list = json_new_array();
        for (size_t k = 0; k < wanted->origin_count; k++)
            json_append_text(list, wanted->origins[k]);
        json_add(json, policies[i], list);
    }
    AUTO(memory_freep) char *text = json_print_pretty(json);
    return memory_printf("%s\n", text);
}

/* One that can't be read is not obeyed by the browser either. */
static enum err_code check_other(const char *path, struct err *err)
{
    struct err ignored = ERR_INIT;
    AUTO(bytes_freep) struct bytes *text = NULL;
    AUTO(json_freep) struct json *json = NULL;
    if (file_read(path, POLICY_BYTES_MAX, &text, &ignored) != ERR_NONE ||
        json_parse(span_bytes(text), POLICY_BYTES_MAX, &json, &ignored) != ERR_NONE)
        return ERR_NONE;
    for (size_t i = 0; json_is_object(json) && i < ARRAY_SIZE(policies); i++)
        if (json_member(json, policies[i]) != NULL)
            return err_set(err, ERR_TRUST_POLICY_CONFLICT, "%s: %s", path, policies[i]);
    return ERR_NONE;
}

static enum err_code check_others(const char *folder, struct err *err)
{
    DIR *stream = opendir(folder);
    enum err_code code = ERR_NONE;
    if (stream == NULL)
        return ERR_NONE;
    while (code == ERR_NONE) {
        const struct dirent *entry = readdir(stream);
        if (entry == NULL)
            break;
        AUTO(memory_freep) char *path = file_join(folder, entry->d_name);
        if (strcmp(entry->d_name, TRUST_CHROMIUM_FILE) != 0)
            code = check_other(path, err);
    }
    closedir(stream);
    return code;
}

enum err_code trust_chromium_install(const struct trust_chromium *wanted, struct err *err)
{
    AUTO(memory_freep) char *path = file_join(wanted->folder, TRUST_CHROMIUM_FILE);
    AUTO(memory_freep) char *content = content_of(wanted);
    if (wanted->origin_count == 0)
        return trust_chromium_remove(wanted, err);
    if (file_make_folder(wanted->folder, FOLDER_MODE, err) != ERR_NONE ||
        check_others(wanted->folder, err) != ERR_NONE)
        return err->code;
    return file_write_atomic(path, span_text(content), FILE_MODE, err);
}

enum err_code trust_chromium_remove(const struct trust_chromium *wanted, struct err *err)
{
    AUTO(memory_freep) char *path = file_join(wanted->folder, TRUST_CHROMIUM_FILE);
    if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
        return ERR_NONE;
    err_set_errno(err, ERR_FILE, "delete");
    return err_add(err, "%s", path);
}

enum err_code trust_chromium_look(const struct trust_chromium *wanted, bool *out_there,
                                  bool *out_same, struct err *err)
{
    AUTO(memory_freep) char *path = file_join(wanted->folder, TRUST_CHROMIUM_FILE);
    AUTO(memory_freep) char *content = content_of(wanted);
    AUTO(bytes_freep) struct bytes *text = NULL;
    struct err why = ERR_INIT;
    if (check_others(wanted->folder, err) != ERR_NONE)
        return err->code;
    enum err_code code = file_read(path, POLICY_BYTES_MAX, &text, &why);
    if (code != ERR_NONE && code != ERR_FILE_MISSING) {
        *err = why;
        return code;
    }
    *out_there = text != NULL;
    *out_same = text != NULL && span_equal(span_bytes(text), span_text(content));
    return ERR_NONE;
}
