#include "token/gmt0017/gmt0017_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token/gmt0017/gmt0017_access.h"
#include "token/gmt0017/gmt0017_application.h"
#include "token/gmt0017/gmt0017_container.h"
#include "token/gmt0017/gmt0017_device.h"
#include "token/gmt0017/gmt0017_file.h"
#include "token/gmt0017/gmt0017_key.h"
#include "token/gmt0017/gmt0017_profile_file.h"

/* The administrator's PIN can't be reset by anybody: some tries stay for whoever holds it. */
#define ADMIN_TRIES_STOP 3

/* ---- opening ---- */

static enum err_code choose_profile(struct gmt0017 *key, const struct gmt0017_device_info *info,
                                    struct span atr, const struct token_settings *settings,
                                    struct err *err)
{
    AUTO(memory_freep) struct gmt0017_profiles *extra = NULL;
    if (gmt0017_profile_file_read_all(settings->profile_folder, &extra, err) != ERR_NONE)
        return err->code;
    struct gmt0017_identity identity = {.atr = atr};
    memcpy(identity.manufacturer, info->manufacturer, sizeof identity.manufacturer);
    memcpy(identity.label, info->label, sizeof identity.label);
    const struct gmt0017_profile *profile = gmt0017_profile_find(extra, &identity);
    if (profile == NULL)
        return err_set(err, ERR_TOKEN_UNSUPPORTED,
                       "no device profile for the manufacturer \"%s\", label \"%s\"",
                       info->manufacturer, info->label);
    key->profile = *profile;
    return ERR_NONE;
}

static void fill_facts(struct gmt0017 *key, const struct gmt0017_device_info *info)
{
    struct token_facts *facts = key->facts;
    size_t containers = gmt0017_device_containers_max(info);
    memcpy(facts->serial, info->serial, sizeof facts->serial);
    memcpy(facts->label, info->label, sizeof facts->label);
    memcpy(facts->manufacturer, info->manufacturer, sizeof facts->manufacturer);
    memcpy(facts->model, key->profile.model, sizeof facts->model);
    memcpy(facts->profile, key->profile.name, sizeof facts->profile);
    facts->pairs_max =
        containers > 0 && containers < TOKEN_PAIRS_MAX ? containers : TOKEN_PAIRS_MAX;
    facts->free_bytes = gmt0017_device_free_bytes(key, info);
    facts->pin_bytes_min = key->profile.pin_bytes_min;
    facts->pin_bytes_max = key->profile.pin_bytes_max;
    facts->admin_tries_stop = ADMIN_TRIES_STOP;
    facts->unblock_needs_admin_login = key->profile.unblock_needs_admin_login;
    key->data_bytes_max = gmt0017_device_data_bytes_max(key, info);
}

static enum err_code driver_open(struct token_link *link, struct span atr,
                                 const struct token_settings *settings, struct token_facts *facts,
                                 void **self, struct err *err)
{
    AUTO(memory_freep) struct gmt0017 *key = memory_new(sizeof *key);
    struct gmt0017_device_info info = {0};
    key->link = link;
    key->facts = facts;
    if (gmt0017_device_identify(key, &info, err) != ERR_NONE ||
        choose_profile(key, &info, atr, settings, err) != ERR_NONE)
        return err->code;
    fill_facts(key, &info);
    if (gmt0017_application_open(key, err) != ERR_NONE)
        return err->code;
    *self = TAKE(key);
    return ERR_NONE;
}

static void driver_close(void *self)
{
    free(self);
}

static void driver_leave(void *self)
{
    struct gmt0017 *key = self;
    struct err ignored = ERR_INIT; /* a key that keeps it open is no worse off than before */
    if (key->application_open && gmt0017_application_close(key, &ignored) != ERR_NONE)
        return;
}

static enum err_code driver_read_serial(void *self, char out[TOKEN_TEXT_BYTES_MAX + 1],
                                        struct err *err)
{
    struct gmt0017_device_info info;
    if (gmt0017_device_read(self, &info, err) != ERR_NONE)
        return err->code;
    memcpy(out, info.serial, sizeof info.serial);
    return ERR_NONE;
}

static enum err_code driver_reopen(void *self, struct err *err)
{
    struct gmt0017 *key = self;
    char serial[TOKEN_TEXT_BYTES_MAX + 1];
    if (driver_read_serial(key, serial, err) != ERR_NONE)
        return err->code;
    if (strcmp(serial, key->facts->serial) != 0)
        return err_set(err, ERR_WRONG_TOKEN, "the key's serial number was %s, now it is %s",
                       key->facts->serial, serial);
    key->application_open = false;
    return gmt0017_application_reopen(key, err);
}

static bool driver_knows_atr(const struct token_settings *settings, struct span atr)
{
    AUTO(memory_freep) struct gmt0017_profiles *extra = NULL;
    struct err ignored = ERR_INIT; /* opening will say it */
    if (gmt0017_profile_file_read_all(settings->profile_folder, &extra, &ignored) != ERR_NONE)
        return false;
    return gmt0017_profile_knows_atr(extra, atr);
}

static enum err_code driver_check_settings(const struct token_settings *settings, struct err *err)
{
    AUTO(memory_freep) struct gmt0017_profiles *extra = NULL;
    return gmt0017_profile_file_read_all(settings->profile_folder, &extra, err);
}

/* ---- the table's entries that only hand on ---- */

static enum err_code driver_read_pairs(void *self, struct token_pairs **out, struct err *err)
{
    return gmt0017_container_read_all(self, out, err);
}

static enum err_code driver_read_cert(void *self, const char *pair, enum token_slot slot,
                                      struct bytes **out, struct err *err)
{
    return gmt0017_container_read_cert(self, pair, slot, out, err);
}

static enum err_code driver_read_public_key(void *self, const char *pair, enum token_slot slot,
                                            struct token_public_key *out, struct err *err)
{
    return gmt0017_key_read_public(self, pair, slot, out, err);
}

static enum err_code driver_read_pin_state(void *self, enum token_role role,
                                           struct token_pin_state *out, struct err *err)
{
    return gmt0017_access_pin_state(self, role, out, err);
}

static enum err_code driver_login(void *self, const struct secret *pin, struct err *err)
{
    return gmt0017_access_login(self, pin, err);
}

static enum err_code driver_logout(void *self, struct err *err)
{
    return gmt0017_access_logout(self, err);
}

static enum err_code driver_sign(void *self, const char *pair, struct span input,
                                 struct bytes **out, struct err *err)
{
    return gmt0017_key_sign(self, pair, input, out, err);
}

static enum err_code driver_create_pair(void *self, const char *pair,
                                        enum token_algorithm algorithm,
                                        struct token_public_key *out, struct err *err)
{
    if (algorithm != TOKEN_SM2 && algorithm != TOKEN_RSA2048)
        return err_set(err, ERR_TOKEN_NOT_SUPPORTED, "no key pair of this algorithm: GM/T 0017");
    return gmt0017_key_create(self, pair, algorithm, out, err);
}

static enum err_code driver_import_encryption_key(void *self, const char *pair,
                                                  const struct token_envelope *envelope,
                                                  struct err *err)
{
    return gmt0017_key_import(self, pair, envelope, err);
}

static enum err_code driver_write_cert(void *self, const char *pair, enum token_slot slot,
                                       struct span der, struct err *err)
{
    return gmt0017_container_write_cert(self, pair, slot, der, err);
}

static enum err_code driver_delete_pair(void *self, const char *pair, struct err *err)
{
    return gmt0017_container_delete(self, pair, err);
}

static enum err_code driver_list_files(void *self, struct token_files **out, struct err *err)
{
    return gmt0017_file_list(self, out, err);
}

static enum err_code driver_read_file(void *self, const char *name, size_t size, struct bytes **out,
                                      struct err *err)
{
    return gmt0017_file_read(self, name, size, out, err);
}

static enum err_code driver_write_file(void *self, const char *name, struct span content,
                                       struct err *err)
{
    return gmt0017_file_write(self, name, content, err);
}

static enum err_code driver_delete_file(void *self, const char *name, struct err *err)
{
    return gmt0017_file_delete(self, name, err);
}

static enum err_code driver_change_pin(void *self, const struct secret *old_pin,
                                       const struct secret *new_pin, struct err *err)
{
    return gmt0017_access_change_pin(self, old_pin, new_pin, err);
}

static enum err_code driver_challenge(void *self, enum token_purpose purpose,
                                      struct token_challenge *out, struct err *err)
{
    uint8_t challenge[GMT0017_CHALLENGE_BYTES];
    if (gmt0017_device_challenge(self, challenge, err) != ERR_NONE)
        return err->code;
    *out = (struct token_challenge){.len = sizeof challenge};
    memcpy(out->bytes, challenge, sizeof challenge);
    return ERR_NONE;
}

static enum err_code driver_admin_login(void *self, struct span cryptogram, struct err *err)
{
    return gmt0017_access_admin_login(self, cryptogram, err);
}

static enum err_code driver_unblock(void *self, struct span blob, struct err *err)
{
    return gmt0017_access_unblock(self, blob, err);
}

const struct token_driver gmt0017_driver = {
    .name = "gmt0017",
    .check_settings = driver_check_settings,
    .knows_atr = driver_knows_atr,
    .open = driver_open,
    .close = driver_close,
    .leave = driver_leave,
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
    .list_files = driver_list_files,
    .read_file = driver_read_file,
    .write_file = driver_write_file,
    .delete_file = driver_delete_file,
    .change_pin = driver_change_pin,
    .challenge = driver_challenge,
    .admin_login = driver_admin_login,
    .unblock = driver_unblock,
};
