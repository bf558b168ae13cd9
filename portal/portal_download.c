#include "portal/portal_download.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "portal/portal_audit.h"

#define SHA256_BYTES 32

static char *content_path(const struct portal *portal, const char *sha256)
{
    return memory_printf("%s/downloads/%s", portal->folder, sha256);
}

static enum err_code check_kind(const char *kind, struct err *err)
{
    return strcmp(kind, "driver") == 0 || strcmp(kind, "manual") == 0
               ? ERR_NONE
               : err_set(err, ERR_USAGE, "kind: neither driver nor manual");
}

static enum err_code check_name(const char *name, struct err *err)
{
    size_t length = strlen(name);
    if (length == 0 || length > PORTAL_DOWNLOAD_NAME_BYTES_MAX || name[0] == '.' ||
        strchr(name, '/') != NULL)
        return err_set(err, ERR_FIELD_VALUE, "name: not one of a file");
    for (size_t at = 0, size; at < length; at += size) {
        size = text_utf8_length(name + at, length - at);
        if (size == 0 || (unsigned char)name[at] < ' ' || name[at] == 0x7F)
            return err_set(err, ERR_FIELD_VALUE, "name: a control character, or not UTF-8");
    }
    return ERR_NONE;
}

/* ---- adding and removing ---- */

static enum err_code store(const struct portal *portal, struct span content, char **out_sha256,
                           struct err *err)
{
    uint8_t hash[SHA256_BYTES];
    if (EVP_Digest(content.at, content.len, hash, NULL, EVP_sha256(), NULL) != 1)
        return err_set(err, ERR_CRYPTO, "SHA-256 of a download");
    AUTO(memory_freep) char *sha256 = hex_encode(SPAN_ARRAY(hash));
    AUTO(memory_freep) char *folder = file_join(portal->folder, "downloads");
    AUTO(memory_freep) char *path = content_path(portal, sha256);
    if (file_make_folder(folder, 0700, err) != ERR_NONE ||
        file_write_atomic(path, content, 0600, err) != ERR_NONE)
        return err->code;
    *out_sha256 = TAKE(sha256);
    return ERR_NONE;
}

/* *out_sha256: of the content that the name stood for; untouched when there was none. */
static enum err_code forget(struct portal *portal, const char *name, char **out_sha256,
                            struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(portal->db, "DELETE FROM download WHERE name = ? RETURNING sha256",
                        PORTAL_VALUES(PORTAL_TEXT(name)), &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err->code;
    if (!row)
        return ERR_NONE;
    *out_sha256 = memory_text(portal_query_text(query, 0));
    return portal_query_next(query, &row, err);
}

static enum err_code is_used(struct portal *portal, const char *sha256, bool *out, struct err *err)
{
    int64_t uses = 0;
    if (portal_db_number(portal->db, "SELECT count(*) FROM download WHERE sha256 = ?",
                         PORTAL_VALUES(PORTAL_TEXT(sha256)), &uses, err) != ERR_NONE)
        return err->code;
    *out = uses > 0;
    return ERR_NONE;
}

/* After the commit, in a transaction that keeps out whoever adds it again; who has it open reads on.
 * sha256 NULL: nothing. */
static enum err_code remove_content(struct portal *portal, const char *sha256, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    bool used = false;
    if (sha256 == NULL)
        return ERR_NONE;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        is_used(portal, sha256, &used, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep) char *path = content_path(portal, sha256);
    if (!used && unlink(path) != 0)
        return err_set_errno(err, ERR_FILE, "remove the content");
    return ERR_NONE;
}

/* Inside the caller's transaction. The content was stored before, for that takes longer than others would
 * wait; it may have been removed meanwhile. */
static enum err_code insert(struct portal *portal, const char *kind, const char *name,
                            struct span content, const char *sha256, struct err *err)
{
    AUTO(memory_freep) char *path = content_path(portal, sha256);
    AUTO(memory_freep) char *again = NULL;
    if (access(path, F_OK) != 0 && store(portal, content, &again, err) != ERR_NONE)
        return err->code;
    return portal_db_run(portal->db,
                         "INSERT INTO download (name, kind, size, sha256, created_utc) "
                         "VALUES (?, ?, ?, ?, ?)",
                         PORTAL_VALUES(PORTAL_TEXT(name), PORTAL_TEXT(kind),
                                       PORTAL_INTEGER((int64_t)content.len), PORTAL_TEXT(sha256),
                                       PORTAL_INTEGER(clock_now_utc())),
                         err);
}

enum err_code portal_download_add(struct portal *portal, const char *kind, const char *name,
                                  const char *path, int64_t *out_id, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(bytes_freep) struct bytes *content = NULL;
    AUTO(memory_freep) char *sha256 = NULL;
    AUTO(memory_freep) char *before = NULL;
    if (check_kind(kind, err) != ERR_NONE || check_name(name, err) != ERR_NONE ||
        file_read(path, PORTAL_DOWNLOAD_BYTES_MAX, &content, err) != ERR_NONE ||
        store(portal, span_bytes(content), &sha256, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        forget(portal, name, &before, err) != ERR_NONE ||
        insert(portal, kind, name, span_bytes(content), sha256, err) != ERR_NONE)
        return err_add(err, "add the download");
    int64_t id = portal_db_last_id(portal->db);
    if (portal_audit_add(portal, "download.added", name, sha256, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE ||
        remove_content(portal, before, err) != ERR_NONE)
        return err_add(err, "add the download");
    *out_id = id;
    return ERR_NONE;
}

enum err_code portal_download_remove(struct portal *portal, const char *name, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(memory_freep) char *before = NULL;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        forget(portal, name, &before, err) != ERR_NONE)
        return err_add(err, "remove the download");
    if (before == NULL)
        return err_set(err, ERR_NO_SUCH_RECORD, "no download \"%s\"", name);
    if (portal_audit_add(portal, "download.removed", name, before, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE ||
        remove_content(portal, before, err) != ERR_NONE)
        return err_add(err, "remove the download");
    return ERR_NONE;
}

/* ---- reading ---- */

static struct json *row_json(const struct portal_query *query, const char *base)
{
    int64_t id = portal_query_integer(query, 0);
    AUTO(memory_freep) char *url = memory_printf("%s%lld", base, (long long)id);
    struct json *json = json_new_object();
    json_add_integer(json, "id", id);
    json_add_text(json, "name", portal_query_text(query, 1));
    json_add_text(json, "kind", portal_query_text(query, 2));
    json_add_integer(json, "size", portal_query_integer(query, 3));
    json_add_text(json, "sha256", portal_query_text(query, 4));
    json_add_text(json, "url", url);
    return json;
}

enum err_code portal_download_list(struct portal *portal, const char *base, struct json **out,
                                   struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    AUTO(json_freep) struct json *list = json_new_array();
    if (portal_db_query(portal->db,
                        "SELECT id, name, kind, size, sha256 FROM download ORDER BY kind, name",
                        PORTAL_NO_VALUES, &query, err) != ERR_NONE)
        return err->code;
    for (bool more = true; more;) {
        if (portal_query_next(query, &more, err) != ERR_NONE)
            return err->code;
        if (more)
            json_append(list, row_json(query, base));
    }
    *out = TAKE(list);
    return ERR_NONE;
}

void portal_download_done(struct portal_download *download)
{
    if (download->name == NULL)
        return;
    free(TAKE(download->name));
    file_closep(&download->fd);
}

static enum err_code open_content(const char *path, uint64_t size_bytes, int *out_fd,
                                  struct err *err)
{
    AUTO(file_closep) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0)
        return err_set_errno(err, ERR_FILE, "open the content");
    if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size != size_bytes)
        return err_set(err, ERR_FILE, "the content has another size than it had");
    *out_fd = fd;
    fd = -1;
    return ERR_NONE;
}

enum err_code portal_download_open(struct portal *portal, int64_t id, struct portal_download *out,
                                   struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, "SELECT name, size, sha256 FROM download WHERE id = ?",
                        PORTAL_VALUES(PORTAL_INTEGER(id)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the download");
    AUTO(memory_freep) char *path = content_path(portal, portal_query_text(query, 2));
    uint64_t size_bytes = (uint64_t)portal_query_integer(query, 1);
    int fd = -1;
    if (open_content(path, size_bytes, &fd, err) != ERR_NONE)
        return err_add(err, "open the download");
    *out = (struct portal_download){memory_text(portal_query_text(query, 0)), size_bytes, fd};
    return ERR_NONE;
}
