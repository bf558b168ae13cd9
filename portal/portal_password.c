#include "portal/portal_password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <strings.h>

/* 32 MiB a computation: what a server can spare for a few at once, and a cracker can't for thousands. */
#define SCRYPT_N 32768
#define SCRYPT_R 8
#define SCRYPT_P 1
/* Room for parameters that a later version may choose. */
#define SCRYPT_MEMORY_BYTES_MAX ((uint64_t)256 << 20)

static enum err_code check_characters(struct span password, size_t *out_count, struct err *err)
{
    size_t count = 0;
    for (size_t at = 0, length; at < password.len; at += length, count++) {
        length = text_utf8_length(password.at + at, password.len - at);
        if (length == 0 || password.at[at] < ' ' || password.at[at] == 0x7F)
            return err_set(err, ERR_PASSWORD_RULES, "a control character, or not UTF-8");
    }
    *out_count = count;
    return ERR_NONE;
}

static bool repeats_one_character(struct span password)
{
    size_t length = text_utf8_length(password.at, password.len);
    for (size_t at = length; at < password.len; at++)
        if (password.at[at] != password.at[at - length])
            return false;
    return true;
}

static bool is_login(const char *login, struct span password)
{
    return strlen(login) == password.len &&
           strncasecmp(login, (const char *)password.at, password.len) == 0;
}

enum err_code portal_password_check(const char *login, struct span password, struct err *err)
{
    size_t count = 0;
    if (check_characters(password, &count, err) != ERR_NONE)
        return err->code;
    if (count < PORTAL_PASSWORD_CHARACTERS_MIN || count > PORTAL_PASSWORD_CHARACTERS_MAX)
        return err_set(err, ERR_PASSWORD_RULES, "%zu characters, %d to %d are allowed", count,
                       PORTAL_PASSWORD_CHARACTERS_MIN, PORTAL_PASSWORD_CHARACTERS_MAX);
    if (is_login(login, password))
        return err_set(err, ERR_PASSWORD_RULES, "it is the login");
    if (repeats_one_character(password))
        return err_set(err, ERR_PASSWORD_RULES, "it repeats one character");
    return ERR_NONE;
}

static enum err_code compute(const struct portal_password *parameters,
                             const struct secret *password, uint8_t out[PORTAL_PASSWORD_HASH_BYTES],
                             struct err *err)
{
    struct span bytes = secret_peek(password);
    if (EVP_PBE_scrypt((const char *)bytes.at, bytes.len, parameters->salt, sizeof parameters->salt,
                       (uint64_t)parameters->n, (uint64_t)parameters->r, (uint64_t)parameters->p,
                       SCRYPT_MEMORY_BYTES_MAX, out, PORTAL_PASSWORD_HASH_BYTES) != 1)
        return err_set(err, ERR_CRYPTO, "scrypt");
    return ERR_NONE;
}

enum err_code portal_password_make(const struct secret *password, struct portal_password *out,
                                   struct err *err)
{
    struct portal_password made = {.n = SCRYPT_N, .r = SCRYPT_R, .p = SCRYPT_P};
    if (RAND_bytes(made.salt, sizeof made.salt) != 1)
        return err_set(err, ERR_CRYPTO, "make a salt");
    if (compute(&made, password, made.hash, err) != ERR_NONE)
        return err->code;
    *out = made;
    return ERR_NONE;
}

enum err_code portal_password_matches(const struct portal_password *kept,
                                      const struct secret *password, bool *out, struct err *err)
{
    static const struct portal_password nobody = {.n = SCRYPT_N, .r = SCRYPT_R, .p = SCRYPT_P};
    const struct portal_password *against = kept != NULL ? kept : &nobody;
    uint8_t hash[PORTAL_PASSWORD_HASH_BYTES];
    if (compute(against, password, hash, err) != ERR_NONE)
        return err->code;
    *out = secret_equal_spans(SPAN_ARRAY(hash), SPAN_ARRAY(against->hash)) && kept != NULL;
    OPENSSL_cleanse(hash, sizeof hash);
    return ERR_NONE;
}

enum err_code portal_password_take(struct span password, struct secret **out, struct err *err)
{
    AUTO(secret_freep) struct secret *copy = NULL;
    if (password.len > SECRET_BYTES_MAX)
        return err_set(err, ERR_PASSWORD_RULES, "%zu bytes", password.len);
    if (secret_new(SECRET_BYTES_MAX, &copy, err) != ERR_NONE)
        return err->code;
    if (password.len > 0)
        memcpy(secret_room(copy), password.at, password.len);
    secret_set_length(copy, password.len);
    *out = TAKE(copy);
    return ERR_NONE;
}
