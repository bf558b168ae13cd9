#include "portal/pay/sandbox_folder.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "portal/portal_tls.h"

#define CA_BYTES_MAX 65536
#define WORD_BYTES_MAX 16

static const char *const notify_words[SANDBOX_NOTIFY_COUNT] = {
    [SANDBOX_NOTIFY_NORMAL] = "normal",
    [SANDBOX_NOTIFY_LOST] = "lost",
    [SANDBOX_NOTIFY_LATE] = "late",
    [SANDBOX_NOTIFY_DOUBLED] = "doubled",
};

/* The public half is written last: a folder without it is made again. */
enum err_code sandbox_folder_init(const char *folder, const char *host, struct err *err)
{
    AUTO(memory_freep) char *trades = file_join(folder, "trades");
    AUTO(memory_freep) char *key_path = file_join(folder, "service.key");
    AUTO(memory_freep) char *public_path = file_join(folder, "service.pem");
    AUTO(pay_key_freep) struct pay_key *key = NULL;
    AUTO(memory_freep) char *pem = NULL;
    if (access(public_path, F_OK) == 0)
        return err_set(err, ERR_RECORD_EXISTS, "%s", public_path);
    if (file_make_folder(trades, 0700, err) != ERR_NONE ||
        pay_key_make(key_path, err) != ERR_NONE || portal_tls_make(folder, host, err) != ERR_NONE ||
        pay_key_read_private(key_path, &key, err) != ERR_NONE ||
        pay_key_public_pem(key, &pem, err) != ERR_NONE ||
        file_write_atomic(public_path, span_text(pem), 0644, err) != ERR_NONE)
        return err_add(err, "make the sandbox service");
    return ERR_NONE;
}

static enum err_code copy_ca(const char *folder, const char *ca_file, struct err *err)
{
    AUTO(memory_freep) char *path = file_join(folder, "merchant-ca.pem");
    AUTO(bytes_freep) struct bytes *pem = NULL;
    if (ca_file == NULL) {
        unlink(path);
        return ERR_NONE;
    }
    if (file_read(ca_file, CA_BYTES_MAX, &pem, err) != ERR_NONE)
        return err->code;
    return file_write_atomic(path, span_bytes(pem), 0644, err);
}

enum err_code sandbox_folder_trust(const char *folder, const char *key_file, const char *ca_file,
                                   const char *payee, struct err *err)
{
    AUTO(memory_freep) char *path = file_join(folder, "merchant.pem");
    AUTO(memory_freep) char *payee_path = file_join(folder, "payee");
    AUTO(pay_key_freep) struct pay_key *key = NULL;
    AUTO(memory_freep) char *pem = NULL;
    if (strlen(payee) == 0 || strlen(payee) > SANDBOX_PAYEE_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "payee: 1 to %d bytes", SANDBOX_PAYEE_BYTES_MAX);
    if (pay_key_read_public(key_file, &key, err) != ERR_NONE ||
        pay_key_public_pem(key, &pem, err) != ERR_NONE ||
        copy_ca(folder, ca_file, err) != ERR_NONE ||
        file_write_atomic(payee_path, span_text(payee), 0644, err) != ERR_NONE ||
        file_write_atomic(path, span_text(pem), 0644, err) != ERR_NONE)
        return err_add(err, "trust a merchant");
    return ERR_NONE;
}

static enum err_code read_all(struct sandbox_folder *folder, struct err *err)
{
    AUTO(memory_freep) char *key_path = file_join(folder->path, "service.key");
    AUTO(memory_freep) char *merchant_path = file_join(folder->path, "merchant.pem");
    AUTO(memory_freep) char *payee_path = file_join(folder->path, "payee");
    AUTO(memory_freep) char *ca_path = file_join(folder->path, "merchant-ca.pem");
    AUTO(bytes_freep) struct bytes *payee = NULL;
    if (pay_key_read_private(key_path, &folder->own_key, err) != ERR_NONE ||
        pay_key_read_public(merchant_path, &folder->merchant_key, err) != ERR_NONE ||
        file_read(payee_path, SANDBOX_PAYEE_BYTES_MAX, &payee, err) != ERR_NONE)
        return err_add(err, "open the sandbox service");
    folder->payee = memory_text((const char *)payee->at);
    folder->merchant_ca_file = access(ca_path, F_OK) == 0 ? TAKE(ca_path) : NULL;
    return ERR_NONE;
}

enum err_code sandbox_folder_open(const char *path, struct sandbox_folder **out, struct err *err)
{
    AUTO(sandbox_folder_freep) struct sandbox_folder *folder = memory_new(sizeof *folder);
    folder->path = memory_text(path);
    if (read_all(folder, err) != ERR_NONE)
        return err->code;
    *out = TAKE(folder);
    return ERR_NONE;
}

void sandbox_folder_free(struct sandbox_folder *folder)
{
    if (folder == NULL)
        return;
    free(folder->path);
    pay_key_free(folder->own_key);
    pay_key_free(folder->merchant_key);
    free(folder->payee);
    free(folder->merchant_ca_file);
    free(folder);
}

void sandbox_folder_freep(struct sandbox_folder **folder)
{
    sandbox_folder_free(*folder);
    *folder = NULL;
}

/* ---- control ---- */

static enum sandbox_notify notify_from(struct span word)
{
    size_t i = 0;
    while (i < SANDBOX_NOTIFY_COUNT && !span_equal(word, span_text(notify_words[i])))
        i++;
    return (enum sandbox_notify)i;
}

enum err_code sandbox_folder_set_notify(const char *path, const char *word, struct err *err)
{
    AUTO(memory_freep) char *file = file_join(path, "notify");
    if (notify_from(span_text(word)) == SANDBOX_NOTIFY_COUNT)
        return err_set(err, ERR_USAGE, "--notify: none of normal, lost, late, doubled");
    return file_write_atomic(file, span_text(word), 0600, err);
}

enum sandbox_notify sandbox_folder_notify(const char *path)
{
    AUTO(memory_freep) char *file = file_join(path, "notify");
    AUTO(bytes_freep) struct bytes *word = NULL;
    struct err err = ERR_INIT;
    if (file_read(file, WORD_BYTES_MAX, &word, &err) != ERR_NONE)
        return SANDBOX_NOTIFY_NORMAL;
    enum sandbox_notify notify = notify_from(span_bytes(word));
    return notify == SANDBOX_NOTIFY_COUNT ? SANDBOX_NOTIFY_NORMAL : notify;
}
