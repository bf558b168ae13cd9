#include "portal/portal_command_reset.h"

#include <stdio.h>
#include <unistd.h>

#include "portal/portal_admin_pin.h"
#include "portal/portal_command.h"
#include "portal/portal_piv_secret.h"
#include "portal/portal_piv_version.h"
#include "portal/portal_reset.h"

/* A management key of 64 digits, and what is around it. */
#define LINE_BYTES_MAX 160

enum err_code portal_command_reset_add(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = json_new_object();
    const struct portal_reset_wish wish = {portal_arguments_get(arguments, "serial"),
                                           portal_arguments_get(arguments, "user"), 0};
    struct portal_reset_noted noted = {0};
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_reset_request(portal, &wish, &noted, err) != ERR_NONE)
        return err->code;
    json_add_integer(json, "id", noted.id);
    json_add_text(json, "state", noted.state);
    return portal_command_print(json);
}

enum err_code portal_command_reset_approve(const struct portal_arguments *arguments,
                                           struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    int64_t id = 0;
    if (portal_arguments_integer(arguments, "id", PORTAL_COMMAND_ID_MAX, &id, err) != ERR_NONE ||
        portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_reset_approve(portal, id, err) != ERR_NONE)
        return err->code;
    return portal_command_print_id(id);
}

enum err_code portal_command_reset_reject(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    int64_t id = 0;
    if (portal_arguments_integer(arguments, "id", PORTAL_COMMAND_ID_MAX, &id, err) != ERR_NONE ||
        portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_reset_reject(portal, id, portal_arguments_get(arguments, "reason"), err) != ERR_NONE)
        return err->code;
    return portal_command_print_id(id);
}

static enum err_code set_policy(struct portal *portal, const struct portal_arguments *arguments,
                                struct err *err)
{
    bool reviewer = false;
    if (!portal_arguments_has(arguments, "approval"))
        return ERR_NONE;
    if (portal_command_choose(portal_arguments_get(arguments, "approval"), "approval", "automatic",
                              "reviewer", &reviewer, err) != ERR_NONE)
        return err->code;
    return portal_reset_set_policy(portal,
                                   reviewer ? PORTAL_RESET_REVIEWER : PORTAL_RESET_AUTOMATIC, err);
}

enum err_code portal_command_reset_policy(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = json_new_object();
    enum portal_reset_approval approval;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        set_policy(portal, arguments, err) != ERR_NONE ||
        portal_reset_policy(portal, &approval, err) != ERR_NONE)
        return err->code;
    json_add_text(json, "approval", portal_reset_approval_text(approval));
    return portal_command_print(json);
}

enum err_code portal_command_reset_list(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_reset_list(portal, &json, err) != ERR_NONE)
        return err->code;
    return portal_command_print(json);
}

/* One line of JSON, not through cJSON or stdio, which would keep copies. */
static void append(struct secret *line, struct span part)
{
    size_t length = secret_peek(line).len;
    memcpy(secret_room(line) + length, part.at, part.len);
    secret_set_length(line, length + part.len);
}

static void append_hex(struct secret *line, struct span bytes)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < bytes.len; i++) {
        const char pair[] = {digits[bytes.at[i] >> 4], digits[bytes.at[i] & 15]};
        append(line, SPAN_ARRAY(pair));
    }
}

static enum err_code write_line(const struct secret *line, struct err *err)
{
    struct span bytes = secret_peek(line);
    fflush(stdout);
    if (write(STDOUT_FILENO, bytes.at, bytes.len) != (ssize_t)bytes.len)
        return err_set_errno(err, ERR_FILE, "print a key's secrets");
    return ERR_NONE;
}

/* {"admin_pin":"..."}; the alphabet needs no escaping. */
static enum err_code print_pin(const struct secret *pin, struct err *err)
{
    AUTO(secret_freep) struct secret *line = NULL;
    if (secret_new(LINE_BYTES_MAX, &line, err) != ERR_NONE)
        return err->code;
    append(line, span_text("{\"admin_pin\":\""));
    append(line, secret_peek(pin));
    append(line, span_text("\"}\n"));
    return write_line(line, err);
}

enum err_code portal_command_reset_admin_pin(const struct portal_arguments *arguments,
                                             struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(secret_freep) struct secret *pin = NULL;
    if (portal_command_open_keys(arguments, &portal, err) != ERR_NONE ||
        portal_admin_pin_show(portal, portal_arguments_get(arguments, "serial"), &pin, err) !=
            ERR_NONE)
        return err->code;
    return print_pin(pin, err);
}

/* {"algorithm":"...","management_key":"...","puk":"..."} */
static enum err_code print_secrets(const struct portal_piv_cipher *cipher,
                                   const struct portal_piv_secrets *secrets, struct err *err)
{
    AUTO(secret_freep) struct secret *line = NULL;
    if (secret_new(LINE_BYTES_MAX, &line, err) != ERR_NONE)
        return err->code;
    append(line, span_text("{\"algorithm\":\""));
    append(line, span_text(cipher->name));
    append(line, span_text("\",\"management_key\":\""));
    append_hex(line, secret_peek(secrets->management_key));
    append(line, span_text("\",\"puk\":\""));
    append(line, secret_peek(secrets->puk));
    append(line, span_text("\"}\n"));
    return write_line(line, err);
}

/* 0: it was not given. */
static enum err_code number_if_given(const struct portal_arguments *arguments, const char *name,
                                     int64_t *out, struct err *err)
{
    int64_t number = 0;
    if (portal_arguments_has(arguments, name) &&
        portal_arguments_integer(arguments, name, UINT32_MAX, &number, err) != ERR_NONE)
        return err->code;
    if (portal_arguments_has(arguments, name) && number == 0)
        return err_set(err, ERR_USAGE, "--%s: versions count from 1", name);
    *out = number;
    return ERR_NONE;
}

enum err_code portal_command_reset_piv_versions(const struct portal_arguments *arguments,
                                                struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = NULL;
    const char *serial = portal_arguments_get(arguments, "serial");
    struct portal_piv_setting setting = {0};
    if (number_if_given(arguments, "puk", &setting.puk, err) != ERR_NONE ||
        number_if_given(arguments, "management", &setting.management, err) != ERR_NONE ||
        portal_command_open(arguments, &portal, err) != ERR_NONE)
        return err->code;
    bool sets = setting.puk != 0 || setting.management != 0;
    if ((sets && portal_piv_version_set(portal, serial, &setting, err) != ERR_NONE) ||
        portal_piv_version_show(portal, serial, &json, err) != ERR_NONE)
        return err->code;
    return portal_command_print(json);
}

enum err_code portal_command_reset_piv_secrets(const struct portal_arguments *arguments,
                                               struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    int64_t puk = 0;
    AUTO(portal_piv_secrets_done) struct portal_piv_secrets secrets = {0};
    const struct portal_piv_cipher *cipher =
        portal_piv_cipher_find(portal_arguments_get(arguments, "algorithm"));
    if (cipher == NULL)
        return err_set(err, ERR_USAGE, "--algorithm: 3des, aes128, aes192 or aes256");
    if (number_if_given(arguments, "puk", &puk, err) != ERR_NONE ||
        portal_command_open_keys(arguments, &portal, err) != ERR_NONE ||
        portal_piv_secrets_show(portal, portal_arguments_get(arguments, "serial"), cipher, puk,
                                &secrets, err) != ERR_NONE)
        return err->code;
    return print_secrets(cipher, &secrets, err);
}
