/* What a key wants its administrator for: unblocking the PIN, and on some keys all writing. The platform computes the
 * answer to the key's challenge and we relay it, inside the card's transaction; the administrator's secret is never
 * here. Thread: the operation's own, with the key held. */
#pragma once

#include "agent/ops/op.h"

struct op_admin_question {
    enum remote_unblock_purpose purpose;
    int tries; /* of the administrator that are left, -1: the key does not say */
    bool refused; /* the key took this job's last answer for wrong */
};

/* A challenge from the key, and what the platform makes of it. *out_bound: it is for that challenge and dead with it;
 * else it is a secret, good until the key gets another. Nothing may be sent to the key before the answer. */
MUST_CHECK enum err_code op_admin_relay(struct op *op, const struct op_admin_question *question,
                                        struct secret **out, bool *out_bound, struct err *err);
/* Logs the administrator in. ERR_UNBLOCK_REFUSED, ERR_ADMIN_PIN_LOCKED, ERR_MANAGE_REFUSED: the key said no. */
MUST_CHECK enum err_code op_admin_login(struct op *op, const struct op_admin_question *question,
                                        struct err *err);
/* What the key says to a wrong answer of the platform, in words for this purpose; returns err's code. */
enum err_code op_admin_say_refused(enum remote_unblock_purpose purpose, struct err *err);

/* Before what is about to be written is journaled: the administrator's log-in, where writing takes it and it is not
 * known to hold. */
MUST_CHECK enum err_code op_admin_begin(struct op *op, struct err *err);

/* The key's writing calls, as in token/token.h. One that the key refuses for want of the administrator's log-in is
 * done once more after a new one, OP_ADMIN_LOGINS_MAX times in an operation. */
#define OP_ADMIN_LOGINS_MAX 4
MUST_CHECK enum err_code op_admin_create_pair(struct op *op, const char *pair,
                                              enum token_algorithm algorithm,
                                              struct token_public_key *out, struct err *err);
MUST_CHECK enum err_code op_admin_write_cert(struct op *op, const char *pair, enum token_slot slot,
                                             struct span der, struct err *err);
MUST_CHECK enum err_code op_admin_delete_pair(struct op *op, const char *pair, struct err *err);
MUST_CHECK enum err_code op_admin_make_current(struct op *op, const char *pair, struct err *err);
MUST_CHECK enum err_code op_admin_write_file(struct op *op, const char *name, struct span content,
                                             struct err *err);
MUST_CHECK enum err_code op_admin_delete_file(struct op *op, const char *name, struct err *err);
