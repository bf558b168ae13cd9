#include "token/token_line.h"

#include "token/apdu.h"

void token_line_forget_login(struct token *token)
{
    token->logged_in = false;
    token->admin_logged_in = false;
    token->challenge_fresh = false;
}

void token_line_failed(struct token *token, const struct err *err)
{
    token_line_forget_login(token);
    if (err->code == ERR_TOKEN_RESET || err->code == ERR_TOKEN_TRANSPORT) {
        token->stale = true;
        return;
    }
    token->dead = true;
    token->death = *err;
}

static enum err_code check_time(const struct token *token, struct err *err)
{
    if (!deadline_passed(token->deadline))
        return ERR_NONE;
    return err_set(err, ERR_TOKEN_HUNG, "the time for the key %s is up", token->facts.serial);
}

enum err_code token_link_exchange(struct token_link *link, struct span command,
                                  struct bytes **answer, uint16_t *status, struct err *err)
{
    struct token *token = link->token;
    if (token->dead) {
        *err = token->death;
        return err->code;
    }
    if (check_time(token, err) != ERR_NONE)
        return err->code;
    token->challenge_fresh = false;
    token->usage.commands++;
    int64_t start_us = clock_monotonic_us();
    AUTO(bytes_freep) struct bytes *raw = NULL;
    enum err_code code =
        token->channel->class->transmit(token->channel, command, &raw, token->deadline, err);
    token->usage.time_us += clock_monotonic_us() - start_us;
    struct span data = SPAN_NONE;
    uint16_t word = 0;
    if (code == ERR_NONE)
        code = apdu_split(span_bytes(raw), &data, &word, err);
    if (code != ERR_NONE) {
        token_line_failed(token, err);
        return code;
    }
    *answer = bytes_new(data);
    *status = word;
    return ERR_NONE;
}

size_t token_link_command_bytes_max(const struct token_link *link)
{
    const struct channel *channel = link->token->channel;
    return channel->class->command_bytes_max != NULL ? channel->class->command_bytes_max(channel)
                                                     : 0;
}

/* A reset costs nothing as long as there was no log-in and no challenge: the line is there again, and
 * the driver gets back in step by itself. */
enum err_code token_line_begin(struct token *token, struct err *err)
{
    const struct channel_class *class = token->channel->class;
    bool nothing_to_lose = !token->logged_in && !token->admin_logged_in && !token->challenge_fresh;
    enum err_code code = class->begin(token->channel, token->deadline, err);
    if (code != ERR_NONE)
        token_line_failed(token, err);
    if (code == ERR_TOKEN_RESET && nothing_to_lose) {
        code = class->begin(token->channel, token->deadline, err);
        if (code != ERR_NONE)
            token_line_failed(token, err);
    }
    token->in_transaction = code == ERR_NONE;
    return code;
}

void token_line_end(struct token *token)
{
    if (token->in_transaction)
        token->channel->class->end(token->channel);
    token->in_transaction = false;
}

static enum err_code get_in_step(struct token *token, struct err *err)
{
    if (!token->stale)
        return ERR_NONE;
    enum err_code code = token->driver->reopen(token->self, err);
    if (code == ERR_NONE)
        token->stale = false;
    if (code == ERR_WRONG_TOKEN)
        token_line_failed(token, err);
    return code == ERR_NONE ? code : err_add(err, "get back in step with the key");
}

void token_line_call_done(struct token_call *call)
{
    if (call->token != NULL && !call->token->held)
        token_line_end(call->token);
}

static enum err_code check_needs(const struct token *token, enum token_needs needs, struct err *err)
{
    if (needs == NEEDS_WRITE && token->facts.writes_need_admin_login) {
        if (token->admin_logged_in)
            return ERR_NONE;
        return err_set(err, ERR_TOKEN_LOGIN_LOST, "the administrator is not logged in");
    }
    if ((needs == NEEDS_LOGIN || needs == NEEDS_WRITE) && !token->logged_in)
        return err_set(err, ERR_TOKEN_LOGIN_LOST, "the key is not logged in");
    if (needs == NEEDS_CHALLENGE && !token->challenge_fresh)
        return err_set(err, ERR_INTERNAL, "no challenge was fetched directly before");
    return ERR_NONE;
}

enum err_code token_line_call(struct token_call *call, struct token *token, enum token_needs needs,
                              struct err *err)
{
    if (token->dead) {
        *err = token->death;
        return err->code;
    }
    if (check_time(token, err) != ERR_NONE || check_needs(token, needs, err) != ERR_NONE)
        return err->code;
    call->token = token;
    if (!token->in_transaction && token_line_begin(token, err) != ERR_NONE)
        return err->code;
    return get_in_step(token, err);
}

enum err_code token_line_result(struct token *token, enum err_code code)
{
    if (code == ERR_TOKEN_LOGIN_LOST)
        token_line_forget_login(token);
    if (code == ERR_TOKEN_ANSWER || code == ERR_TOKEN_RESET) {
        token_line_forget_login(token);
        token->stale = true; /* an answer that fits no question: perhaps the line is out of step */
    }
    return code;
}

enum err_code token_line_write_result(struct token *token, enum err_code code)
{
    if (code != ERR_TOKEN_LOGIN_LOST || !token->facts.writes_need_admin_login)
        return token_line_result(token, code);
    token->admin_logged_in = false;
    token->challenge_fresh = false;
    return code;
}
