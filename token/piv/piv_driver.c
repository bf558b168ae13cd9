#include "token/piv/piv_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token/piv/piv_access.h"
#include "token/piv/piv_application.h"
#include "token/piv/piv_current.h"
#include "token/piv/piv_file.h"
#include "token/piv/piv_pair.h"

/* The PUK can be blocked for good by three misses on most cards: with one try left nothing is tried. */
#define ADMIN_TRIES_STOP 1

/* ---- opening ---- */

static void free_piv(struct piv *piv)
{
    if (piv == NULL)
        return;
    piv_forget(piv);
    free(piv);
}

static void free_pivp(struct piv **piv)
{
    free_piv(*piv);
}

static void fill_facts(struct token_facts *facts)
{
    snprintf(facts->label, sizeof facts->label, "PIV");
    snprintf(facts->model, sizeof facts->model, "PIV (SP 800-73-4)");
    snprintf(facts->profile, sizeof facts->profile, "piv");
    facts->pairs_max = PIV_SLOTS;
    facts->free_bytes = SIZE_MAX;
    facts->pin_bytes_min = PIV_PIN_BYTES_MIN;
    facts->pin_bytes_max = PIV_PIN_BYTES;
    facts->admin_tries_stop = ADMIN_TRIES_STOP;
    facts->writes_need_admin_login = true;
}

static enum err_code driver_open(struct token_link *link, struct span atr,
                                 const struct token_settings *settings, struct token_facts *facts,
                                 void **self, struct err *err)
{
    AUTO(free_pivp) struct piv *piv = memory_new(sizeof *piv);
    piv->link = link;
    piv->facts = facts;
    if (piv_application_open(piv, atr, facts->serial, err) != ERR_NONE)
        return err->code;
    fill_facts(facts);
    *self = TAKE(piv);
    return ERR_NONE;
}

static void driver_close(void *self)
{
    free_piv(self);
}

static enum err_code driver_read_serial(void *self, char out[TOKEN_TEXT_BYTES_MAX + 1],
                                        struct err *err)
{
    return piv_application_read_serial(self, out, err);
}

static enum err_code driver_reopen(void *self, struct err *err)
{
    struct piv *piv = self;
    char serial[TOKEN_TEXT_BYTES_MAX + 1];
    piv_forget(piv);
    if (piv_application_select(piv, err) != ERR_NONE ||
        piv_application_read_serial(piv, serial, err) != ERR_NONE)
        return err->code;
    if (strcmp(serial, piv->facts->serial) != 0)
        return err_set(err, ERR_WRONG_TOKEN, "the key's serial number was %s, now it is %s",
                       piv->facts->serial, serial);
    return ERR_NONE;
}

/* ---- the table's entries that only hand on ---- */

static enum err_code driver_read_pairs(void *self, struct token_pairs **out, struct err *err)
{
    return piv_pair_read_all(self, out, err);
}

static enum err_code driver_read_cert(void *self, const char *pair, enum token_slot slot,
                                      struct bytes **out, struct err *err)
{
    return piv_pair_read_cert(self, pair, slot, out, err);
}

static enum err_code driver_read_public_key(void *self, const char *pair, enum token_slot slot,
                                            struct token_public_key *out, struct err *err)
{
    return piv_pair_read_public(self, pair, slot, out, err);
}

static enum err_code driver_read_pin_state(void *self, enum token_role role,
                                           struct token_pin_state *out, struct err *err)
{
    return piv_access_pin_state(self, role, out, err);
}

static enum err_code driver_login(void *self, const struct secret *pin, struct err *err)
{
    return piv_access_login(self, pin, err);
}

static enum err_code driver_logout(void *self, struct err *err)
{
    return piv_access_logout(self, err);
}

static enum err_code driver_sign(void *self, const char *pair, struct span input,
                                 struct bytes **out, struct err *err)
{
    return piv_pair_sign(self, pair, input, out, err);
}

static enum err_code driver_create_pair(void *self, const char *pair,
                                        enum token_algorithm algorithm,
                                        struct token_public_key *out, struct err *err)
{
    return piv_pair_create(self, pair, algorithm, out, err);
}

static enum err_code driver_import_encryption_key(void *self, const char *pair,
                                                  const struct token_envelope *envelope,
                                                  struct err *err)
{
    return err_set(err, ERR_TOKEN_NOT_SUPPORTED, "a PIV pair has one key, made on the card");
}

static enum err_code driver_write_cert(void *self, const char *pair, enum token_slot slot,
                                       struct span der, struct err *err)
{
    return piv_pair_write_cert(self, pair, slot, der, err);
}

static enum err_code driver_delete_pair(void *self, const char *pair, struct err *err)
{
    return piv_pair_delete(self, pair, err);
}

static enum err_code driver_make_current(void *self, const char *pair, struct err *err)
{
    return piv_current_make(self, pair, err);
}

static enum err_code driver_list_files(void *self, struct token_files **out, struct err *err)
{
    return piv_file_list(self, out, err);
}

static enum err_code driver_read_file(void *self, const char *name, size_t size, struct bytes **out,
                                      struct err *err)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    if (piv_file_read(self, name, &content, err) != ERR_NONE)
        return err->code;
    if (size != 0 && content->len < size)
        return err_set(err, ERR_TOKEN_ANSWER, "a file of %zu bytes instead of %zu", content->len,
                       size);
    *out = TAKE(content);
    return ERR_NONE;
}

static enum err_code driver_write_file(void *self, const char *name, struct span content,
                                       struct err *err)
{
    return piv_file_write(self, name, content, err);
}

static enum err_code driver_delete_file(void *self, const char *name, struct err *err)
{
    return piv_file_delete(self, name, err);
}

static enum err_code driver_change_pin(void *self, const struct secret *old_pin,
                                       const struct secret *new_pin, struct err *err)
{
    return piv_access_change_pin(self, old_pin, new_pin, err);
}

static enum err_code driver_challenge(void *self, enum token_purpose purpose,
                                      struct token_challenge *out, struct err *err)
{
    return piv_access_challenge(self, purpose, out, err);
}

static enum err_code driver_admin_login(void *self, struct span cryptogram, struct err *err)
{
    return piv_access_admin_login(self, cryptogram, err);
}

static enum err_code driver_unblock(void *self, struct span blob, struct err *err)
{
    return piv_access_unblock(self, blob, err);
}

const struct token_driver piv_driver = {
    .name = "piv",
    .open = driver_open,
    .close = driver_close,
    .reopen = driver_reopen,
    .read_pairs = driver_read_pairs,
    .read_cert = driver_read_cert,
    .read_public_key = driver_read_public_key,
    .read_pin_state = driver_read_pin_state,
    .read_serial = driver_read_serial,
    .login = driver_login,
    .logout = driver_logout,
    .sign = driver_sign,
    .create_pair = driver_create_pair,
    .import_encryption_key = driver_import_encryption_key,
    .write_cert = driver_write_cert,
    .delete_pair = driver_delete_pair,
    .make_current = driver_make_current,
    .list_files = driver_list_files,
    .read_file = driver_read_file,
    .write_file = driver_write_file,
    .delete_file = driver_delete_file,
    .change_pin = driver_change_pin,
    .challenge = driver_challenge,
    .admin_login = driver_admin_login,
    .unblock = driver_unblock,
};
