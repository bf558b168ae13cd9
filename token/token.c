#include "token/token.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token/token_line.h"

/* Ending a log-in and closing the application take a few exchanges of milliseconds. */
#define FAREWELL_MS 2000
/* PKCS#1 v1.5 with 2048 bits: RFC 8017 9.2. */
#define SIGN_INPUT_BYTES_MAX (256 - 11)

/* ---- checks of what callers pass ---- */

static enum err_code check_name(const char *name, struct err *err)
{
    size_t length = strlen(name);
    if (length == 0 || length > TOKEN_NAME_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "a name of %zu bytes, 1 to %d", length,
                       TOKEN_NAME_BYTES_MAX);
    for (const char *at = name; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            return err_set(err, ERR_FIELD_VALUE, "a control character in a name");
    return ERR_NONE;
}

static enum err_code check_size(size_t length, size_t limit, const char *what, struct err *err)
{
    if (length == 0)
        return err_set(err, ERR_FIELD_VALUE, "%s is empty", what);
    if (length > limit)
        return err_set(err, ERR_TOKEN_NO_SPACE, "%s has %zu bytes, at most %zu", what, length,
                       limit);
    return ERR_NONE;
}

/* A zero byte would be lost in the padding of the PIN. */
static bool pin_fits(const struct token *token, const struct secret *pin)
{
    struct span bytes = secret_peek(pin);
    return bytes.len >= token->facts.pin_bytes_min && bytes.len <= token->facts.pin_bytes_max &&
           bytes.len > 0 && memchr(bytes.at, 0, bytes.len) == NULL;
}

size_t token_point_bytes(enum token_algorithm algorithm)
{
    static const size_t bytes[] = {[TOKEN_SM2] = 32, [TOKEN_P256] = 32, [TOKEN_P384] = 48};
    return (size_t)algorithm < ARRAY_SIZE(bytes) ? bytes[algorithm] : 0;
}

/* ---- opening and closing ---- */

static enum err_code open_with(struct token *token, const struct token_driver *driver,
                               const struct token_settings *settings, struct err *err)
{
    struct span atr = token->channel->class->peek_atr(token->channel);
    token->driver = driver;
    token->facts = (struct token_facts){.driver = driver->name, .admin_algorithm = ""};
    return driver->open(&token->link, atr, settings, &token->facts, &token->self, err);
}

static enum err_code open_with_any(struct token *token, const struct token_settings *settings,
                                   struct err *err)
{
    static const struct token_settings no_settings = {NULL};
    if (settings == NULL)
        settings = &no_settings;
    struct span atr = token->channel->class->peek_atr(token->channel);
    size_t count;
    const struct token_driver *const *drivers = token_drivers(&count);
    const struct token_driver *sure = token_driver_for_atr(settings, atr);
    enum err_code code = ERR_TOKEN_UNSUPPORTED;
    struct err earlier = ERR_INIT;
    if (sure != NULL)
        code = open_with(token, sure, settings, err);
    for (size_t i = 0; code == ERR_TOKEN_UNSUPPORTED && i < count; i++)
        if (drivers[i] != sure) {
            earlier = *err;
            *err = ERR_INIT;
            code = open_with(token, drivers[i], settings, err);
        }
    if (code == ERR_TOKEN_UNSUPPORTED && earlier.detail[0] != '\0')
        return err_add(err, "%s", earlier.detail);
    return code;
}

enum err_code token_open(struct channel *channel, const char *reader,
                         const struct token_settings *settings, struct deadline deadline,
                         struct token **out, struct err *err)
{
    AUTO(token_closep) struct token *token = memory_new(sizeof *token);
    token->link.token = token;
    token->channel = channel;
    token->deadline = deadline;
    snprintf(token->reader, sizeof token->reader, "%s", reader);
    if (token_line_begin(token, err) != ERR_NONE)
        return err_add(err, "open the key in %s", token->reader);
    enum err_code code = open_with_any(token, settings, err);
    token_line_end(token);
    if (code != ERR_NONE)
        return err_add(err, "open the key in %s", token->reader);
    token->deadline = DEADLINE_NEVER;
    token->stale = false;
    *out = TAKE(token);
    return ERR_NONE;
}

/* Whatever the deadline says: a log-in is not left behind for lack of time. */
static void say_farewell(struct token *token)
{
    token->deadline = deadline_in_ms(FAREWELL_MS);
    token_logout(token);
    struct err ignored = ERR_INIT;
    if (token->dead || token->stale || token->driver->leave == NULL)
        return;
    if (token->in_transaction || token_line_begin(token, &ignored) == ERR_NONE)
        token->driver->leave(token->self);
}

void token_close(struct token *token)
{
    if (token == NULL)
        return;
    if (token->self != NULL) {
        say_farewell(token);
        token->driver->close(token->self);
    }
    token_line_end(token);
    channel_close(token->channel);
    free(token);
}

void token_closep(struct token **token)
{
    token_close(*token);
    *token = NULL;
}

const struct token_facts *token_peek_facts(const struct token *token)
{
    return &token->facts;
}

void token_set_deadline(struct token *token, struct deadline deadline)
{
    token->deadline = deadline;
}

enum err_code token_begin(struct token *token, struct err *err)
{
    assert(!token->held);
    struct token_call call = {NULL};
    if (token_line_call(&call, token, NEEDS_NOTHING, err) != ERR_NONE) {
        token_line_call_done(&call);
        return err->code;
    }
    token->held = true;
    return ERR_NONE;
}

void token_end(struct token *token)
{
    token->held = false;
    token_line_end(token);
}

struct token_usage token_usage(const struct token *token)
{
    return token->usage;
}

/* ---- reading ---- */

enum err_code token_read_pairs(struct token *token, struct token_pairs **out, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (token_line_call(&call, token, NEEDS_NOTHING, err) != ERR_NONE)
        return err->code;
    return token_line_result(token, token->driver->read_pairs(token->self, out, err));
}

void token_pairs_free(struct token_pairs *pairs)
{
    if (pairs == NULL)
        return;
    for (size_t i = 0; i < pairs->count; i++) {
        bytes_free(pairs->pairs[i].sign_cert);
        bytes_free(pairs->pairs[i].encrypt_cert);
    }
    free(pairs);
}

void token_pairs_freep(struct token_pairs **pairs)
{
    token_pairs_free(*pairs);
    *pairs = NULL;
}

void token_files_freep(struct token_files **files)
{
    memory_freep(files);
}

enum err_code token_read_cert(struct token *token, const char *pair, enum token_slot slot,
                              struct bytes **out, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (check_name(pair, err) != ERR_NONE ||
        token_line_call(&call, token, NEEDS_NOTHING, err) != ERR_NONE)
        return err->code;
    return token_line_result(token, token->driver->read_cert(token->self, pair, slot, out, err));
}

enum err_code token_read_public_key(struct token *token, const char *pair, enum token_slot slot,
                                    struct token_public_key *out, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (check_name(pair, err) != ERR_NONE ||
        token_line_call(&call, token, NEEDS_NOTHING, err) != ERR_NONE)
        return err->code;
    return token_line_result(token,
                             token->driver->read_public_key(token->self, pair, slot, out, err));
}

enum err_code token_read_pin_state(struct token *token, enum token_role role,
                                   struct token_pin_state *out, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (token_line_call(&call, token, NEEDS_NOTHING, err) != ERR_NONE)
        return err->code;
    return token_line_result(token, token->driver->read_pin_state(token->self, role, out, err));
}

enum err_code token_check_same(struct token *token, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (token_line_call(&call, token, NEEDS_NOTHING, err) != ERR_NONE)
        return err->code;
    char serial[TOKEN_TEXT_BYTES_MAX + 1] = "";
    enum err_code code = token->driver->read_serial(token->self, serial, err);
    if (code == ERR_NONE && strcmp(serial, token->facts.serial) != 0) {
        err_set(err, ERR_WRONG_TOKEN, "the key's serial number was %s, now it is %s",
                token->facts.serial, serial);
        token_line_failed(token, err);
        return err->code;
    }
    return token_line_result(token, code);
}

/* ---- the log-in ---- */

enum err_code token_login(struct token *token, const struct secret *pin, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (!pin_fits(token, pin))
        return err_set(err, ERR_PIN_WRONG, "a PIN of %zu bytes was not sent, %zu to %zu",
                       secret_peek(pin).len, token->facts.pin_bytes_min,
                       token->facts.pin_bytes_max);
    if (token_line_call(&call, token, NEEDS_NOTHING, err) != ERR_NONE)
        return err->code;
    token->may_be_logged_in = true;
    token->logged_in = false;
    enum err_code code = token_line_result(token, token->driver->login(token->self, pin, err));
    token->logged_in = code == ERR_NONE;
    return code;
}

void token_logout(struct token *token)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    struct err ignored = ERR_INIT;
    if (token->may_be_logged_in && !token->dead &&
        token_line_call(&call, token, NEEDS_NOTHING, &ignored) == ERR_NONE)
        token->may_be_logged_in =
            token_line_result(token, token->driver->logout(token->self, &ignored)) != ERR_NONE;
    token_line_forget_login(token);
}

enum err_code token_sign(struct token *token, const char *pair, struct span input,
                         struct bytes **out, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (input.len == 0 || input.len > SIGN_INPUT_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "%zu bytes to sign, 1 to %d", input.len,
                       SIGN_INPUT_BYTES_MAX);
    if (check_name(pair, err) != ERR_NONE ||
        token_line_call(&call, token, NEEDS_LOGIN, err) != ERR_NONE)
        return err->code;
    return token_line_result(token, token->driver->sign(token->self, pair, input, out, err));
}

/* ---- changing ---- */

enum err_code token_create_pair(struct token *token, const char *pair,
                                enum token_algorithm algorithm, struct token_public_key *out,
                                struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (algorithm == TOKEN_ALGORITHM_NONE)
        return err_set(err, ERR_FIELD_VALUE, "no algorithm for the new key pair");
    if (check_name(pair, err) != ERR_NONE ||
        token_line_call(&call, token, NEEDS_WRITE, err) != ERR_NONE)
        return err->code;
    return token_line_write_result(
        token, token->driver->create_pair(token->self, pair, algorithm, out, err));
}

enum err_code token_import_encryption_key(struct token *token, const char *pair,
                                          const struct token_envelope *envelope, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (check_name(pair, err) != ERR_NONE ||
        token_line_call(&call, token, NEEDS_WRITE, err) != ERR_NONE)
        return err->code;
    return token_line_write_result(
        token, token->driver->import_encryption_key(token->self, pair, envelope, err));
}

enum err_code token_write_cert(struct token *token, const char *pair, enum token_slot slot,
                               struct span der, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (check_name(pair, err) != ERR_NONE ||
        check_size(der.len, TOKEN_CERT_BYTES_MAX, "the certificate", err) != ERR_NONE ||
        token_line_call(&call, token, NEEDS_WRITE, err) != ERR_NONE)
        return err->code;
    return token_line_write_result(token,
                                   token->driver->write_cert(token->self, pair, slot, der, err));
}

enum err_code token_delete_pair(struct token *token, const char *pair, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (check_name(pair, err) != ERR_NONE ||
        token_line_call(&call, token, NEEDS_WRITE, err) != ERR_NONE)
        return err->code;
    return token_line_write_result(token, token->driver->delete_pair(token->self, pair, err));
}

enum err_code token_make_current(struct token *token, const char *pair, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (token->driver->make_current == NULL)
        return ERR_NONE;
    if (check_name(pair, err) != ERR_NONE ||
        token_line_call(&call, token, NEEDS_WRITE, err) != ERR_NONE)
        return err->code;
    return token_line_write_result(token, token->driver->make_current(token->self, pair, err));
}

/* ---- files ---- */

enum err_code token_list_files(struct token *token, struct token_files **out, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (token_line_call(&call, token, NEEDS_NOTHING, err) != ERR_NONE)
        return err->code;
    return token_line_result(token, token->driver->list_files(token->self, out, err));
}

enum err_code token_read_file(struct token *token, const char *name, struct bytes **out,
                              struct err *err)
{
    return token_read_file_of(token, name, 0, out, err);
}

enum err_code token_read_file_of(struct token *token, const char *name, size_t size,
                                 struct bytes **out, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (check_name(name, err) != ERR_NONE ||
        (size != 0 && check_size(size, TOKEN_FILE_BYTES_MAX, "the file", err) != ERR_NONE) ||
        token_line_call(&call, token, NEEDS_NOTHING, err) != ERR_NONE)
        return err->code;
    return token_line_result(token, token->driver->read_file(token->self, name, size, out, err));
}

enum err_code token_write_file(struct token *token, const char *name, struct span content,
                               struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (check_name(name, err) != ERR_NONE ||
        check_size(content.len, TOKEN_FILE_BYTES_MAX, "the file", err) != ERR_NONE ||
        token_line_call(&call, token, NEEDS_WRITE, err) != ERR_NONE)
        return err->code;
    return token_line_write_result(token,
                                   token->driver->write_file(token->self, name, content, err));
}

enum err_code token_delete_file(struct token *token, const char *name, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (check_name(name, err) != ERR_NONE ||
        token_line_call(&call, token, NEEDS_WRITE, err) != ERR_NONE)
        return err->code;
    return token_line_write_result(token, token->driver->delete_file(token->self, name, err));
}

/* ---- PIN work ---- */

enum err_code token_change_pin(struct token *token, const struct secret *old_pin,
                               const struct secret *new_pin, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (!pin_fits(token, old_pin))
        return err_set(err, ERR_PIN_WRONG, "a present PIN of %zu bytes was not sent",
                       secret_peek(old_pin).len);
    if (!pin_fits(token, new_pin))
        return err_set(err, ERR_PIN_RULES, "a new PIN of %zu bytes, %zu to %zu",
                       secret_peek(new_pin).len, token->facts.pin_bytes_min,
                       token->facts.pin_bytes_max);
    if (token_line_call(&call, token, NEEDS_NOTHING, err) != ERR_NONE)
        return err->code;
    token->may_be_logged_in = true; /* a key may take the old PIN for a log-in */
    return token_line_result(token, token->driver->change_pin(token->self, old_pin, new_pin, err));
}

enum err_code token_challenge(struct token *token, enum token_purpose purpose,
                              struct token_challenge *out, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (token_line_call(&call, token, NEEDS_NOTHING, err) != ERR_NONE)
        return err->code;
    enum err_code code =
        token_line_result(token, token->driver->challenge(token->self, purpose, out, err));
    token->challenge_fresh = code == ERR_NONE;
    return code;
}

enum err_code token_admin_login(struct token *token, struct span cryptogram, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (token->driver->admin_login == NULL)
        return err_set(err, ERR_TOKEN_NOT_SUPPORTED, "this key knows no administrator's log-in");
    if (token_line_call(&call, token, NEEDS_CHALLENGE, err) != ERR_NONE)
        return err->code;
    token->may_be_logged_in = true;
    enum err_code code =
        token_line_result(token, token->driver->admin_login(token->self, cryptogram, err));
    token->admin_logged_in = code == ERR_NONE;
    return code;
}

enum err_code token_unblock(struct token *token, struct span blob, struct err *err)
{
    AUTO(token_line_call_done) struct token_call call = {NULL};
    if (token->facts.unblock_needs_admin_login && !token->admin_logged_in)
        return err_set(err, ERR_TOKEN_LOGIN_LOST, "the administrator is not logged in");
    if (token_line_call(&call, token, NEEDS_CHALLENGE, err) != ERR_NONE)
        return err->code;
    return token_line_result(token, token->driver->unblock(token->self, blob, err));
}
