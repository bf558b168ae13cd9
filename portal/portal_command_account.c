#include "portal/portal_command_account.h"

#include <errno.h>
#include <termios.h>
#include <unistd.h>

#include "portal/portal_account.h"
#include "portal/portal_command.h"

/* ---- the password ---- */

/* Up to the end of the line or of the input. */
static enum err_code read_line(struct secret *line, struct err *err)
{
    uint8_t *room = secret_room(line);
    size_t length = 0;
    while (length < secret_capacity(line)) {
        ssize_t got = read(STDIN_FILENO, room + length, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_FILE, "read the password");
        if (got == 0 || room[length] == '\n')
            break;
        length++;
    }
    if (length == secret_capacity(line))
        return err_set(err, ERR_PASSWORD_RULES, "more than %zu bytes", length - 1);
    length -= length > 0 && room[length - 1] == '\r';
    secret_set_length(line, length);
    return ERR_NONE;
}

/* Without an echo where it is typed. */
static enum err_code read_password(struct secret **out, struct err *err)
{
    AUTO(secret_freep) struct secret *line = NULL;
    struct termios before;
    bool typed = tcgetattr(STDIN_FILENO, &before) == 0;
    if (secret_new(SECRET_BYTES_MAX, &line, err) != ERR_NONE)
        return err->code;
    if (typed) {
        struct termios silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    enum err_code result = read_line(line, err);
    if (typed)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    if (result == ERR_NONE)
        *out = TAKE(line);
    return result;
}

static enum err_code take_password(const char *login, struct portal_password *out, struct err *err)
{
    AUTO(secret_freep) struct secret *password = NULL;
    if (read_password(&password, err) != ERR_NONE ||
        portal_password_check(login, secret_peek(password), err) != ERR_NONE)
        return err->code;
    return portal_password_make(password, out, err);
}

/* ---- the commands ---- */

static enum err_code print_login(const char *login)
{
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_text(json, "login", login);
    return portal_command_print(json);
}

enum err_code portal_command_account_add(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    struct portal_password password;
    struct portal_account_new new = {
        .login = portal_arguments_get(arguments, "login"),
        .name = portal_arguments_get(arguments, "name"),
        .organisation = portal_arguments_get(arguments, "organisation"),
        .password = &password,
    };
    int64_t id = 0;
    if (portal_role_from_text(portal_arguments_get(arguments, "role"), &new.role, err) !=
            ERR_NONE ||
        portal_account_check_login(new.login, err) != ERR_NONE ||
        portal_command_open(arguments, &portal, err) != ERR_NONE ||
        take_password(new.login, &password, err) != ERR_NONE ||
        portal_account_add(portal, &new, &id, err) != ERR_NONE)
        return err->code;
    return print_login(new.login);
}

enum err_code portal_command_account_list(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_account_list(portal, &json, err) != ERR_NONE)
        return err->code;
    return portal_command_print(json);
}

static enum err_code change(const struct portal_arguments *arguments, struct portal *portal,
                            const struct portal_account_change *change, struct err *err)
{
    const char *login = portal_arguments_get(arguments, "login");
    if (portal_account_change(portal, login, change, err) != ERR_NONE)
        return err->code;
    return print_login(login);
}

static enum err_code set_disabled(const struct portal_arguments *arguments, bool disabled,
                                  struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE)
        return err->code;
    return change(arguments, portal, &(struct portal_account_change){.disabled = &disabled}, err);
}

enum err_code portal_command_account_disable(const struct portal_arguments *arguments,
                                             struct err *err)
{
    return set_disabled(arguments, true, err);
}

enum err_code portal_command_account_enable(const struct portal_arguments *arguments,
                                            struct err *err)
{
    return set_disabled(arguments, false, err);
}

enum err_code portal_command_account_password(const struct portal_arguments *arguments,
                                              struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    struct portal_password password;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        take_password(portal_arguments_get(arguments, "login"), &password, err) != ERR_NONE)
        return err->code;
    return change(arguments, portal, &(struct portal_account_change){.password = &password}, err);
}
