/* Private to token.c and token_line.c: a token's state, and what happens around every call: the line's
 * transaction, its deadline, getting back in step after a fault, and what is known of the log-in. */
#pragma once

#include "token/token.h"
#include "token/token_driver.h"

#define TOKEN_READER_TEXT_BYTES 128

/* The driver's view is the first member, so that a link leads to its token. */
struct token_link {
    struct token *token;
};

struct token {
    struct token_link link;
    struct channel *channel;
    const struct token_driver *driver;
    void *self; /* the driver's */
    struct token_facts facts;
    char reader[TOKEN_READER_TEXT_BYTES];
    struct deadline deadline;
    struct token_usage usage;
    bool held; /* token_begin */
    bool in_transaction; /* by token_begin or by the call under way */
    bool logged_in; /* the user, as far as we know */
    bool admin_logged_in;
    bool may_be_logged_in; /* some log-in was tried: end it before leaving */
    bool stale; /* the driver must get back in step before the next command */
    bool challenge_fresh; /* nothing was sent since token_challenge */
    bool dead;
    struct err death; /* why it is dead */
};

void token_line_forget_login(struct token *token);
/* The line failed: what was known of the card is not sure any more, or the token is dead. */
void token_line_failed(struct token *token, const struct err *err);
/* A reset of the card is only then an error when a log-in or a challenge was lost by it. */
MUST_CHECK enum err_code token_line_begin(struct token *token, struct err *err);
void token_line_end(struct token *token);

/* NEEDS_WRITE: the log-in that changing the key's content takes. */
enum token_needs { NEEDS_NOTHING, NEEDS_LOGIN, NEEDS_WRITE, NEEDS_CHALLENGE };

/* A call under way; its transaction, unless token_begin made one, ends with it. */
struct token_call {
    struct token *token;
};

/* Checks what the call needs, makes the transaction and gets back in step. */
MUST_CHECK enum err_code token_line_call(struct token_call *call, struct token *token,
                                         enum token_needs needs, struct err *err);
/* For AUTO. */
void token_line_call_done(struct token_call *call);
/* Returns code, after noting what an error of the driver says about the log-in and the line. */
enum err_code token_line_result(struct token *token, enum err_code code);
/* The same of what changes the key's content: where that takes the administrator's log-in it is that one
 * which is lost. The user's is the driver's to keep, and to find lost when it is needed. */
enum err_code token_line_write_result(struct token *token, enum err_code code);
