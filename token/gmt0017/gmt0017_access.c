#include "token/gmt0017/gmt0017_access.h"

#include <assert.h>
#include <string.h>

#include "token/gmt0017/gmt0017_device.h"
#include "token/gmt0017/gmt0017_pin.h"

#define PIN_STATE_BYTES 3
#define ROLE_ADMINISTRATOR 0 /* ADMIN_TYPE */
#define ROLE_USER 1 /* USER_TYPE */

static uint8_t role_byte(enum token_role role)
{
    return role == TOKEN_USER ? ROLE_USER : ROLE_ADMINISTRATOR;
}

static struct span application(const struct gmt0017 *key)
{
    return span_of(key->application_id, sizeof key->application_id);
}

enum err_code gmt0017_access_pin_state(struct gmt0017 *key, enum token_role role,
                                       struct token_pin_state *out, struct err *err)
{
    struct gmt0017_command command = {
        .name = "GetPinInfo",
        .cla = 0x80,
        .ins = 0x14,
        .p2 = role_byte(role),
        .data = application(key),
        .le = PIN_STATE_BYTES,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_read(key, &command, PIN_STATE_BYTES, &answer, err) != ERR_NONE)
        return err->code;
    if (answer->len != PIN_STATE_BYTES)
        return err_set(err, ERR_TOKEN_ANSWER, "GetPinInfo: %zu bytes instead of %d", answer->len,
                       PIN_STATE_BYTES);
    const uint8_t *at = answer->at;
    if (at[0] == 0 || at[1] > at[0] || at[2] > 1)
        return err_set(err, ERR_TOKEN_ANSWER, "GetPinInfo: %d of %d tries, default PIN: %d", at[1],
                       at[0], at[2]);
    *out =
        (struct token_pin_state){.tries_max = at[0], .tries_left = at[1], .is_default = at[2] == 1};
    return ERR_NONE;
}

/* Sends application id || part_1 || part_2; both may be short-PIN cryptograms, so nothing is left. */
static enum err_code send_secret(struct gmt0017 *key, struct gmt0017_command *command,
                                 struct span part_1, struct span part_2, struct err *err)
{
    uint8_t data[GMT0017_ID_BYTES + GMT0017_NEW_PIN_BYTES_MAX + GMT0017_MAC_BYTES];
    size_t length = GMT0017_ID_BYTES + part_1.len + part_2.len;
    assert(length <= sizeof data);
    memcpy(data, key->application_id, GMT0017_ID_BYTES);
    memcpy(data + GMT0017_ID_BYTES, part_1.at, part_1.len);
    if (part_2.len > 0)
        memcpy(data + GMT0017_ID_BYTES + part_1.len, part_2.at, part_2.len);
    command->data = span_of(data, length);
    command->le = APDU_LE_NONE;
    enum err_code code = gmt0017_send(key, command, 0, NULL, err);
    explicit_bzero(data, sizeof data);
    command->data = SPAN_NONE;
    return code;
}

static enum err_code verify(struct gmt0017 *key, enum token_role role, struct span cryptogram,
                            struct err *err)
{
    struct gmt0017_command command = {
        .name = "VerifyPIN", .cla = 0x80, .ins = 0x18, .p2 = role_byte(role)};
    return send_secret(key, &command, cryptogram, SPAN_NONE, err);
}

enum err_code gmt0017_access_login(struct gmt0017 *key, const struct secret *pin, struct err *err)
{
    AUTO(secret_freep) struct secret *pin_key = NULL;
    uint8_t challenge[GMT0017_CHALLENGE_BYTES];
    uint8_t cryptogram[GMT0017_VERIFY_BYTES];
    if (gmt0017_pin_key(&key->profile, pin, &pin_key, err) != ERR_NONE ||
        gmt0017_device_challenge(key, challenge, err) != ERR_NONE ||
        gmt0017_pin_verify(&key->profile, pin_key, challenge, cryptogram, err) != ERR_NONE)
        return err->code;
    enum err_code code = verify(key, TOKEN_USER, SPAN_ARRAY(cryptogram), err);
    explicit_bzero(cryptogram, sizeof cryptogram);
    return code;
}

enum err_code gmt0017_access_logout(struct gmt0017 *key, struct err *err)
{
    struct gmt0017_command command = {
        .name = "ClearSecureState",
        .cla = 0x80,
        .ins = 0x1C,
        .data = application(key),
        .le = APDU_LE_NONE,
    };
    return gmt0017_send(key, &command, 0, NULL, err);
}

enum err_code gmt0017_access_change_pin(struct gmt0017 *key, const struct secret *old_pin,
                                        const struct secret *new_pin, struct err *err)
{
    struct gmt0017_command command = {
        .name = "ChangePIN", .cla = 0x84, .ins = 0x16, .p2 = ROLE_USER};
    const uint8_t header[] = {command.cla, command.ins, command.p1, command.p2};
    uint8_t challenge[GMT0017_CHALLENGE_BYTES];
    uint8_t data[GMT0017_ID_BYTES + GMT0017_NEW_PIN_BYTES_MAX];
    uint8_t mac[GMT0017_MAC_BYTES];
    size_t wrapped_bytes = 0;
    uint8_t *wrapped = data + GMT0017_ID_BYTES;
    AUTO(secret_freep) struct secret *pin_key = NULL;
    memcpy(data, key->application_id, GMT0017_ID_BYTES);
    if (gmt0017_pin_key(&key->profile, old_pin, &pin_key, err) != ERR_NONE ||
        gmt0017_device_challenge(key, challenge, err) != ERR_NONE ||
        gmt0017_pin_wrap(&key->profile, pin_key, new_pin, wrapped, &wrapped_bytes, err) !=
            ERR_NONE ||
        gmt0017_pin_mac(&key->profile, pin_key, challenge, header,
                        span_of(data, GMT0017_ID_BYTES + wrapped_bytes), new_pin, mac,
                        err) != ERR_NONE)
        return err->code;
    enum err_code code =
        send_secret(key, &command, span_of(wrapped, wrapped_bytes), SPAN_ARRAY(mac), err);
    explicit_bzero(data, sizeof data);
    if (code == ERR_TOKEN_MAC) /* it is made with the old PIN: some keys find the mistake there */
        err->code = ERR_PIN_WRONG;
    return code == ERR_NONE ? ERR_NONE : err->code;
}

enum err_code gmt0017_access_admin_login(struct gmt0017 *key, struct span cryptogram,
                                         struct err *err)
{
    if (cryptogram.len != GMT0017_VERIFY_BYTES)
        return err_set(err, ERR_FIELD_VALUE, "a log-in cryptogram of %zu bytes instead of %d",
                       cryptogram.len, GMT0017_VERIFY_BYTES);
    return verify(key, TOKEN_ADMINISTRATOR, cryptogram, err);
}

enum err_code gmt0017_access_unblock(struct gmt0017 *key, struct span blob, struct err *err)
{
    size_t whole = key->profile.new_pin_block == GMT0017_BLOCK_ZEROS ? 1 : 2;
    size_t one = GMT0017_VERIFY_BYTES + GMT0017_MAC_BYTES;
    if (blob.len != one && !(whole == 2 && blob.len == one + GMT0017_VERIFY_BYTES))
        return err_set(err, ERR_FIELD_VALUE, "unblock data of %zu bytes", blob.len);
    struct gmt0017_command command = {.name = "UnblockPIN", .cla = 0x84, .ins = 0x1A};
    return send_secret(key, &command, blob, SPAN_NONE, err);
}
