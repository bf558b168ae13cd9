#include "portal/portal_attachment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "certs/proof.h"
#include "portal/portal_audit.h"

#define FOLDER_NAME "attachments"
#define ID_BYTES 16
#define SHA256_BYTES 32

static char *folder_of(const struct portal *portal, const char *order_number)
{
    return memory_printf("%s/" FOLDER_NAME "/%s", portal->folder, order_number);
}

static struct json *attachment_json(const struct portal_query *query)
{
    AUTO(memory_freep) char *sha256 = hex_encode(portal_query_blob(query, 3));
    struct json *json = json_new_object();
    json_add_text(json, "name", portal_query_text(query, 0));
    json_add_text(json, "type", portal_query_text(query, 1));
    json_add_integer(json, "size", portal_query_integer(query, 2));
    json_add_text(json, "sha256", sha256);
    json_add_utc(json, "at", portal_query_integer(query, 4));
    return json;
}

#define COLUMNS "SELECT name, type, size, sha256, created_utc, id FROM attachment "

/* Of one order and name. */
static enum err_code find(struct portal *portal, const char *order_number, const char *name,
                          struct portal_query **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, COLUMNS "WHERE order_number = ? AND name = ?",
                        PORTAL_VALUES(PORTAL_TEXT(order_number), PORTAL_TEXT(name)), &query,
                        err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the attachment");
    *out = TAKE(query);
    return ERR_NONE;
}

enum err_code portal_attachment_list(struct portal *portal, const char *order_number,
                                     struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, COLUMNS "WHERE order_number = ? ORDER BY rowid",
                        PORTAL_VALUES(PORTAL_TEXT(order_number)), &query, err) != ERR_NONE)
        return err_add(err, "list the attachments");
    return portal_query_list(query, attachment_json, out, err);
}

/* ---- files ---- */

static enum err_code is_known(struct portal *portal, const char *id, bool *out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, "SELECT 1 FROM attachment WHERE id = ?",
                        PORTAL_VALUES(PORTAL_TEXT(id)), &query, err) != ERR_NONE)
        return err->code;
    return portal_query_next(query, out, err);
}

static void closedirp(DIR **folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

/* Removes the files that no row names. Inside a transaction, so that nobody is just writing one. */
static enum err_code sweep(struct portal *portal, const char *path, struct err *err)
{
    AUTO(closedirp) DIR *folder = opendir(path);
    if (folder == NULL)
        return errno == ENOENT ? ERR_NONE : err_set_errno(err, ERR_FILE, path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        bool known = false;
        if (entry->d_name[0] == '.')
            continue;
        if (is_known(portal, entry->d_name, &known, err) != ERR_NONE)
            return err->code;
        if (!known && unlinkat(dirfd(folder), entry->d_name, 0) != 0)
            return err_set_errno(err, ERR_FILE, entry->d_name);
    }
    return ERR_NONE;
}

/* A file that stays is swept with the order's next upload. */
static void remove_file(const char *path)
{
    if (unlink(path) != 0 && errno != ENOENT)
        log_warning("portal", "%s could not be removed", path);
}

/* ---- handing in ---- */

static enum err_code check_editable(struct portal *portal, const char *order_number,
                                    struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    if (portal_order_load(portal, order_number, &order, err) != ERR_NONE)
        return err->code;
    return portal_order_check(order, PORTAL_ORDER_EDIT, err);
}

static enum err_code check_count(struct portal *portal, const char *order_number, const char *name,
                                 struct err *err)
{
    int64_t others = 0;
    if (portal_db_number(
            portal->db, "SELECT count(*) FROM attachment WHERE order_number = ? AND name <> ?",
            PORTAL_VALUES(PORTAL_TEXT(order_number), PORTAL_TEXT(name)), &others, err) != ERR_NONE)
        return err_add(err, "count the attachments");
    if (others >= PORTAL_ATTACHMENTS_PER_ORDER)
        return err_set(err, ERR_ATTACHMENT_LIMIT, "at most %d", PORTAL_ATTACHMENTS_PER_ORDER);
    return ERR_NONE;
}

static enum err_code insert_row(struct portal *portal, const char *order_number, const char *id,
                                const struct portal_attachment_new *new,
                                enum portal_attachment_type type, struct err *err)
{
    uint8_t sha256[SHA256_BYTES];
    proof_sha256(new->content, sha256);
    if (portal_db_run(
            portal->db,
            "INSERT OR REPLACE INTO attachment (id, order_number, name, type, size, "
            "sha256, created_utc) VALUES (?, ?, ?, ?, ?, ?, ?)",
            PORTAL_VALUES(PORTAL_TEXT(id), PORTAL_TEXT(order_number), PORTAL_TEXT(new->name),
                          PORTAL_TEXT(portal_attachment_type_text(type)),
                          PORTAL_INTEGER((int64_t) new->content.len),
                          PORTAL_BLOB(SPAN_ARRAY(sha256)), PORTAL_INTEGER(clock_now_utc())),
            err) != ERR_NONE)
        return err_add(err, "note the attachment");
    AUTO(memory_freep) char *hash = hex_encode(SPAN_ARRAY(sha256));
    AUTO(memory_freep) char *detail = memory_printf("%s %s", new->name, hash);
    return portal_audit_add(portal, "order.attached", order_number, detail, err);
}

/* Inside the caller's transaction. The file comes first: a row never names what is not there. */
static enum err_code keep(struct portal *portal, const char *order_number, const char *id,
                          const struct portal_attachment_new *new, enum portal_attachment_type type,
                          struct err *err)
{
    AUTO(memory_freep) char *folder = folder_of(portal, order_number);
    AUTO(memory_freep) char *path = file_join(folder, id);
    if (check_editable(portal, order_number, err) != ERR_NONE ||
        check_count(portal, order_number, new->name, err) != ERR_NONE ||
        file_make_folder(folder, 0700, err) != ERR_NONE || sweep(portal, folder, err) != ERR_NONE ||
        file_write_atomic(path, new->content, 0600, err) != ERR_NONE ||
        insert_row(portal, order_number, id, new, type, err) != ERR_NONE)
        return err->code;
    return portal_order_touch(portal, order_number, err);
}

static enum err_code replaced_id(struct portal *portal, const char *order_number, const char *name,
                                 char **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (find(portal, order_number, name, &query, err) == ERR_NONE)
        *out = memory_text(portal_query_text(query, 5));
    else if (err->code == ERR_NO_SUCH_RECORD)
        *err = ERR_INIT;
    return err->code;
}

static enum err_code put(struct portal *portal, const char *order_number, const char *id,
                         const struct portal_attachment_new *new, enum portal_attachment_type type,
                         struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(memory_freep) char *replaced = NULL;
    AUTO(memory_freep) char *folder = folder_of(portal, order_number);
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        replaced_id(portal, order_number, new->name, &replaced, err) != ERR_NONE ||
        keep(portal, order_number, id, new, type, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err->code;
    if (replaced != NULL) {
        AUTO(memory_freep) char *old = file_join(folder, replaced);
        remove_file(old);
    }
    return ERR_NONE;
}

enum err_code portal_attachment_put(struct portal *portal, const char *order_number,
                                    const struct portal_attachment_new *new, struct json **out,
                                    struct err *err)
{
    enum portal_attachment_type type;
    if (new->content.len > PORTAL_ATTACHMENT_BYTES_MAX)
        return err_set(err, ERR_HTTP_TOO_LARGE, "%zu bytes, at most %zu", new->content.len,
                       PORTAL_ATTACHMENT_BYTES_MAX);
    if (portal_attachment_check_name(new->name, err) != ERR_NONE ||
        portal_attachment_check(new->content, new->name, new->content_type, &type, err) != ERR_NONE)
        return err_add(err, "check the attachment");
    AUTO(memory_freep) char *id = hex_random(ID_BYTES);
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (put(portal, order_number, id, new, type, err) != ERR_NONE) {
        AUTO(memory_freep) char *folder = folder_of(portal, order_number);
        AUTO(memory_freep) char *path = file_join(folder, id);
        remove_file(path);
        return err_add(err, "keep the attachment");
    }
    if (find(portal, order_number, new->name, &query, err) != ERR_NONE)
        return err->code;
    *out = attachment_json(query);
    return ERR_NONE;
}

/* ---- reading and deleting ---- */

static const char *static_type(const char *text)
{
    for (int type = 0; type < PORTAL_ATTACHMENT_TYPE_COUNT; type++)
        if (strcmp(portal_attachment_type_text((enum portal_attachment_type)type), text) == 0)
            return portal_attachment_type_text((enum portal_attachment_type)type);
    return "application/octet-stream";
}

static enum err_code read_checked(struct portal *portal, const char *order_number, const char *name,
                                  struct bytes **out, const char **out_type, char **out_path,
                                  struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    AUTO(bytes_freep) struct bytes *bytes = NULL;
    uint8_t sha256[SHA256_BYTES];
    if (find(portal, order_number, name, &query, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep) char *folder = folder_of(portal, order_number);
    AUTO(memory_freep) char *path = file_join(folder, portal_query_text(query, 5));
    if (file_read(path, PORTAL_ATTACHMENT_BYTES_MAX, &bytes, err) != ERR_NONE)
        return err_set(err, ERR_FILE, "%s is missing or too large", path);
    proof_sha256(span_bytes(bytes), sha256);
    if (!span_equal(SPAN_ARRAY(sha256), portal_query_blob(query, 3)))
        return err_set(err, ERR_FILE, "%s was changed", path);
    *out_type = static_type(portal_query_text(query, 1));
    *out = TAKE(bytes);
    *out_path = TAKE(path);
    return ERR_NONE;
}

enum err_code portal_attachment_read(struct portal *portal, const char *order_number,
                                     const char *name, struct bytes **out, const char **out_type,
                                     struct err *err)
{
    AUTO(memory_freep) char *path = NULL;
    return read_checked(portal, order_number, name, out, out_type, &path, err);
}

enum err_code portal_attachment_open(struct portal *portal, const char *order_number,
                                     const char *name, int *out_fd, uint64_t *out_size_bytes,
                                     const char **out_type, struct err *err)
{
    AUTO(bytes_freep) struct bytes *bytes = NULL;
    AUTO(memory_freep) char *path = NULL;
    const char *type = NULL;
    if (read_checked(portal, order_number, name, &bytes, &type, &path, err) != ERR_NONE)
        return err->code;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, ERR_FILE, path);
    *out_fd = fd;
    *out_size_bytes = bytes->len;
    *out_type = type;
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code delete_row(struct portal *portal, const char *order_number, const char *name,
                                char **out_id, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (check_editable(portal, order_number, err) != ERR_NONE ||
        find(portal, order_number, name, &query, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep) char *id = memory_text(portal_query_text(query, 5));
    portal_query_freep(&query);
    if (portal_db_run(portal->db, "DELETE FROM attachment WHERE id = ?",
                      PORTAL_VALUES(PORTAL_TEXT(id)), err) != ERR_NONE ||
        portal_audit_add(portal, "order.detached", order_number, name, err) != ERR_NONE ||
        portal_order_touch(portal, order_number, err) != ERR_NONE)
        return err->code;
    *out_id = TAKE(id);
    return ERR_NONE;
}

enum err_code portal_attachment_delete(struct portal *portal, const char *order_number,
                                       const char *name, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(memory_freep) char *id = NULL;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        delete_row(portal, order_number, name, &id, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "delete the attachment");
    AUTO(memory_freep) char *folder = folder_of(portal, order_number);
    AUTO(memory_freep) char *path = file_join(folder, id);
    remove_file(path);
    return ERR_NONE;
}
