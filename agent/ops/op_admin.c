#include "agent/ops/op_admin.h"

#include "agent/ops/op_leftovers.h"
#include "agent/ops/op_platform.h"

/* ---- relay ---- */

static const enum token_purpose key_purposes[] = {
    [REMOTE_UNBLOCK_LOGIN] = TOKEN_PURPOSE_LOGIN,
    [REMOTE_UNBLOCK_PIN] = TOKEN_PURPOSE_UNBLOCK,
    [REMOTE_UNBLOCK_MANAGE] = TOKEN_PURPOSE_LOGIN,
};

enum err_code op_admin_relay(struct op *op, const struct op_admin_question *question,
                             struct secret **out, bool *out_bound, struct err *err)
{
    struct token_challenge challenge;
    const struct token_facts *facts = token_peek_facts(op->key.token);
    if (token_challenge(op->key.token, key_purposes[question->purpose], &challenge, err) !=
        ERR_NONE)
        return err_add(err, "take a challenge");
    bool manages = question->purpose == REMOTE_UNBLOCK_MANAGE;
    bool bound = challenge.len > 0;
    const struct remote_unblock_request request = {
        .purpose = question->purpose,
        .challenge = span_of(challenge.bytes, challenge.len),
        .application = manages || !bound ? SPAN_NONE : SPAN_ARRAY(facts->application_id),
        .profile = facts->profile,
        .algorithm = manages ? facts->admin_algorithm : NULL,
        .administrator_tries = question->tries,
        .refused = question->refused,
    };
    if (op_platform_unblock(op, &request, out, err) != ERR_NONE)
        return err->code;
    *out_bound = bound;
    return ERR_NONE;
}

/* ---- log-in ---- */

enum err_code op_admin_say_refused(enum remote_unblock_purpose purpose, struct err *err)
{
    bool manages = purpose == REMOTE_UNBLOCK_MANAGE;
    const struct {
        enum err_code key, said;
    } words[] = {
        {ERR_PIN_WRONG, manages ? ERR_MANAGE_REFUSED : ERR_UNBLOCK_REFUSED},
        {ERR_TOKEN_MAC, manages ? ERR_MANAGE_REFUSED : ERR_UNBLOCK_REFUSED},
        {ERR_PIN_RULES, manages ? ERR_PIN_RULES : ERR_RESET_RULES},
        {ERR_PIN_LOCKED, manages ? ERR_MANAGE_REFUSED : ERR_ADMIN_PIN_LOCKED},
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (words[i].key == err->code)
            return err->code = words[i].said;
    return err->code;
}

enum err_code op_admin_login(struct op *op, const struct op_admin_question *question,
                             struct err *err)
{
    AUTO(secret_freep) struct secret *cryptogram = NULL;
    bool bound = false;
    if (op_admin_relay(op, question, &cryptogram, &bound, err) != ERR_NONE)
        return err->code;
    if (token_admin_login(op->key.token, secret_peek(cryptogram), err) == ERR_NONE)
        return ERR_NONE;
    err_add(err, "log the administrator in");
    return op_admin_say_refused(question->purpose, err);
}

static enum err_code log_in_to_write(struct op *op, struct err *err)
{
    const struct op_admin_question question = {REMOTE_UNBLOCK_MANAGE, .tries = -1};
    op->key.managed = false;
    if (op->key.admin_logins >= OP_ADMIN_LOGINS_MAX)
        return err_set(err, ERR_TOKEN_LOGIN_LOST, "the administrator was logged in %u times",
                       op->key.admin_logins);
    op->key.admin_logins++;
    if (op_admin_login(op, &question, err) != ERR_NONE)
        return err_add(err, "be let write on the key");
    op->key.managed = true;
    op_leftovers_remove(op);
    return ERR_NONE;
}

enum err_code op_admin_begin(struct op *op, struct err *err)
{
    if (!token_peek_facts(op->key.token)->writes_need_admin_login || op->key.managed)
        return ERR_NONE;
    return log_in_to_write(op, err);
}

/* ---- writing ---- */

struct writing {
    const char *name;
    enum token_slot slot;
    enum token_algorithm algorithm;
    struct span content;
    struct token_public_key *out;
};

typedef enum err_code (*write_fn)(struct token *token, const struct writing *what, struct err *err);

static enum err_code write_as_admin(struct op *op, write_fn write, const struct writing *what,
                                    struct err *err)
{
    bool needs_admin = token_peek_facts(op->key.token)->writes_need_admin_login;
    for (;;) {
        if (op_admin_begin(op, err) != ERR_NONE)
            return err->code;
        enum err_code code = write(op->key.token, what, err);
        if (code != ERR_TOKEN_LOGIN_LOST || !needs_admin)
            return code;
        op->key.managed = false;
        *err = ERR_INIT;
    }
}

static enum err_code create_pair(struct token *token, const struct writing *what, struct err *err)
{
    return token_create_pair(token, what->name, what->algorithm, what->out, err);
}

enum err_code op_admin_create_pair(struct op *op, const char *pair, enum token_algorithm algorithm,
                                   struct token_public_key *out, struct err *err)
{
    const struct writing what = {.name = pair, .algorithm = algorithm, .out = out};
    return write_as_admin(op, create_pair, &what, err);
}

static enum err_code write_cert(struct token *token, const struct writing *what, struct err *err)
{
    return token_write_cert(token, what->name, what->slot, what->content, err);
}

enum err_code op_admin_write_cert(struct op *op, const char *pair, enum token_slot slot,
                                  struct span der, struct err *err)
{
    const struct writing what = {.name = pair, .slot = slot, .content = der};
    return write_as_admin(op, write_cert, &what, err);
}

static enum err_code delete_pair(struct token *token, const struct writing *what, struct err *err)
{
    return token_delete_pair(token, what->name, err);
}

enum err_code op_admin_delete_pair(struct op *op, const char *pair, struct err *err)
{
    const struct writing what = {.name = pair};
    return write_as_admin(op, delete_pair, &what, err);
}

static enum err_code make_current(struct token *token, const struct writing *what, struct err *err)
{
    return token_make_current(token, what->name, err);
}

enum err_code op_admin_make_current(struct op *op, const char *pair, struct err *err)
{
    const struct writing what = {.name = pair};
    return write_as_admin(op, make_current, &what, err);
}

static enum err_code write_file(struct token *token, const struct writing *what, struct err *err)
{
    return token_write_file(token, what->name, what->content, err);
}

enum err_code op_admin_write_file(struct op *op, const char *name, struct span content,
                                  struct err *err)
{
    const struct writing what = {.name = name, .content = content};
    return write_as_admin(op, write_file, &what, err);
}

static enum err_code delete_file(struct token *token, const struct writing *what, struct err *err)
{
    return token_delete_file(token, what->name, err);
}

enum err_code op_admin_delete_file(struct op *op, const char *name, struct err *err)
{
    const struct writing what = {.name = name};
    return write_as_admin(op, delete_file, &what, err);
}
