#include "agent/web/web_identity.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "http/http_identity.h"
#include "http/http_server.h"

#define FOLDER_MODE 0700
#define KEY_MODE 0600
#define CERT_MODE 0644
#define SECONDS_PER_DAY 86400

struct paths {
    char *folder;
    char *cert;
    char *key;
};

static void paths_done(struct paths *paths)
{
    memory_freep(&paths->folder);
    memory_freep(&paths->cert);
    memory_freep(&paths->key);
}

static enum err_code check_owner(const char *path, struct err *err)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return err_set_errno(err, ERR_FILE_MISSING, path);
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 077) != 0)
        return err_set(err, ERR_FILE, "%s: not a file that only we can read", path);
    return ERR_NONE;
}

/* One second later than the first moment at which it is too old. */
static enum err_code use(struct span cert, struct span key, struct http_server *server,
                         int64_t *out_due_utc, struct err *err)
{
    int64_t end_utc = 0;
    if (http_identity_end(cert, &end_utc, err) != ERR_NONE ||
        http_server_set_identity(server, cert, key, err) != ERR_NONE)
        return err->code;
    *out_due_utc = end_utc - WEB_IDENTITY_RENEW_DAYS * (int64_t)SECONDS_PER_DAY + 1;
    return ERR_NONE;
}

static enum err_code use_stored(const struct paths *paths, struct http_server *server,
                                int64_t *out_due_utc, struct err *err)
{
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(bytes_wipe_freep) struct bytes *key = NULL;
    if (check_owner(paths->key, err) != ERR_NONE ||
        file_read(paths->key, HTTP_IDENTITY_PEM_BYTES_MAX, &key, err) != ERR_NONE ||
        file_read(paths->cert, HTTP_IDENTITY_PEM_BYTES_MAX, &cert, err) != ERR_NONE ||
        http_identity_check(span_bytes(cert), span_bytes(key), clock_now_utc(),
                            WEB_IDENTITY_RENEW_DAYS, err) != ERR_NONE)
        return err->code;
    return use(span_bytes(cert), span_bytes(key), server, out_due_utc, err);
}

/* The key first: when we die in between, the pair does not fit and is made again. */
static enum err_code store(const struct paths *paths, struct span cert, struct span key,
                           struct err *err)
{
    if (file_make_folder(paths->folder, FOLDER_MODE, err) != ERR_NONE ||
        file_write_atomic(paths->key, key, KEY_MODE, err) != ERR_NONE)
        return err->code;
    return file_write_atomic(paths->cert, cert, CERT_MODE, err);
}

static enum err_code use_fresh(const struct paths *paths, struct http_server *server,
                               int64_t *out_due_utc, struct err *err)
{
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(secret_freep) struct secret *key = NULL;
    if (http_identity_make(clock_now_utc(), &cert, &key, err) != ERR_NONE ||
        store(paths, span_bytes(cert), secret_peek(key), err) != ERR_NONE)
        return err->code;
    return use(span_bytes(cert), secret_peek(key), server, out_due_utc, err);
}

enum err_code web_identity_use(const char *state_folder, struct http_server *server,
                               int64_t *out_due_utc, struct err *err)
{
    struct err why = ERR_INIT;
    AUTO(paths_done) struct paths paths = {.folder = file_join(state_folder, WEB_IDENTITY_FOLDER)};
    paths.cert = file_join(paths.folder, WEB_IDENTITY_CERT);
    paths.key = file_join(paths.folder, WEB_IDENTITY_KEY);
    if (use_stored(&paths, server, out_due_utc, &why) == ERR_NONE)
        return ERR_NONE;
    log_info("web", "a new TLS identity is made: %s", why.detail);
    return use_fresh(&paths, server, out_due_utc, err);
}
