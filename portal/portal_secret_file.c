#include "portal/portal_secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "certs/ossl.h"

#define DERIVE_INPUT_BYTES_MAX 256

enum err_code portal_secret_file_make(const char *path, struct err *err)
{
    AUTO(secret_freep) struct secret *secret = NULL;
    if (secret_new(PORTAL_SECRET_BYTES, &secret, err) != ERR_NONE)
        return err->code;
    if (RAND_priv_bytes(secret_room(secret), PORTAL_SECRET_BYTES) != 1)
        return ossl_failed(err, ERR_CRYPTO, "draw a master secret");
    secret_set_length(secret, PORTAL_SECRET_BYTES);
    return file_write_atomic(path, secret_peek(secret), 0600, err);
}

static enum err_code check_mode(const struct stat *status, const char *path, struct err *err)
{
    if ((status->st_mode & 077) != 0)
        return err_set(err, ERR_CONFIG, "%s: others have access to it", path);
    return ERR_NONE;
}

enum err_code portal_secret_file_check(const char *path, struct err *err)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return err_set_errno(err, errno == ENOENT ? ERR_FILE_MISSING : ERR_FILE, path);
    return check_mode(&status, path, err);
}

/* Straight into the locked memory: file_read's bytes are not wiped. */
static enum err_code read_into(int fd, const char *path, struct secret *secret, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set_errno(err, ERR_FILE, path);
    if (!S_ISREG(status.st_mode) || status.st_size != PORTAL_SECRET_BYTES)
        return err_set(err, ERR_CONFIG, "%s: not a file of %d bytes", path, PORTAL_SECRET_BYTES);
    if (check_mode(&status, path, err) != ERR_NONE)
        return err->code;
    if (read(fd, secret_room(secret), PORTAL_SECRET_BYTES) != PORTAL_SECRET_BYTES)
        return err_set_errno(err, ERR_FILE, path);
    secret_set_length(secret, PORTAL_SECRET_BYTES);
    return ERR_NONE;
}

enum err_code portal_secret_file_read(const char *path, struct secret **out, struct err *err)
{
    AUTO(file_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_FILE_MISSING : ERR_FILE, path);
    AUTO(secret_freep) struct secret *secret = NULL;
    if (secret_new(PORTAL_SECRET_BYTES, &secret, err) != ERR_NONE ||
        read_into(fd, path, secret, err) != ERR_NONE)
        return err->code;
    *out = TAKE(secret);
    return ERR_NONE;
}

enum err_code portal_secret_derive(const struct secret *master, const char *label,
                                   struct span context, struct secret **out, struct err *err)
{
    AUTO(buf_done) struct buf input = BUF_INIT(DERIVE_INPUT_BYTES_MAX);
    buf_add_text(&input, label);
    buf_add_u8(&input, 0);
    buf_add(&input, context);
    struct span message = buf_span(&input);
    AUTO(secret_freep) struct secret *derived = NULL;
    if (message.len == 0)
        return err_set(err, ERR_INTERNAL, "%s: the context is too long", label);
    if (secret_new(PORTAL_SECRET_BYTES, &derived, err) != ERR_NONE)
        return err->code;
    struct span key = secret_peek(master);
    size_t length = 0;
    if (EVP_Q_mac(NULL, "HMAC", NULL, "SM3", NULL, key.at, key.len, message.at, message.len,
                  secret_room(derived), PORTAL_SECRET_BYTES, &length) == NULL ||
        length != PORTAL_SECRET_BYTES)
        return ossl_failed(err, ERR_CRYPTO, label);
    secret_set_length(derived, PORTAL_SECRET_BYTES);
    *out = TAKE(derived);
    return ERR_NONE;
}
