#include "portal/portal_login.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "portal/portal_audit.h"
#include "portal/portal_session.h"

#define SHA256_BYTES 32

/* What is counted, and up to which number. */
enum limit { LIMIT_LOGIN, LIMIT_PLACE, LIMIT_ADDRESS, LIMIT_SUCCESS, LIMIT_COUNT };
static const struct {
    const char *prefix;
    int64_t maximum;
} limits[LIMIT_COUNT] = {
    [LIMIT_LOGIN] = {"login", PORTAL_LOGIN_FAILURES_MAX},
    [LIMIT_PLACE] = {"place", PORTAL_LOGIN_FAILURES_MAX},
    [LIMIT_ADDRESS] = {"address", PORTAL_LOGIN_ADDRESS_FAILURES_MAX},
    [LIMIT_SUCCESS] = {"success", PORTAL_LOGIN_SUCCESSES_MAX},
};

void portal_login_free(struct portal_login *attempt)
{
    if (attempt == NULL)
        return;
    free(attempt->login);
    free(attempt->address);
    free(attempt->place);
    free(attempt);
}

void portal_login_freep(struct portal_login **attempt)
{
    portal_login_free(*attempt);
    *attempt = NULL;
}

const struct portal_password *portal_login_kept(const struct portal_login *attempt)
{
    return attempt->user_id != 0 ? &attempt->kept : NULL;
}

void portal_login_address(const struct sockaddr *peer, char out[PORTAL_LOGIN_ADDRESS_BYTES])
{
    struct sockaddr_in6 six;
    struct sockaddr_in four;
    char text[INET6_ADDRSTRLEN] = "";
    if (peer->sa_family == AF_INET) {
        memcpy(&four, peer, sizeof four);
        inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
    } else if (peer->sa_family == AF_INET6) {
        memcpy(&six, peer, sizeof six);
        if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr))
            inet_ntop(AF_INET, six.sin6_addr.s6_addr + 12, text, sizeof text);
        else {
            memset(six.sin6_addr.s6_addr + 8, 0, 8); /* a network of one's own is a /64 */
            inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
        }
    }
    snprintf(out, PORTAL_LOGIN_ADDRESS_BYTES, "%s", text[0] != '\0' ? text : "local");
}

/* ---- counters, in the caller's transaction ---- */

struct counter {
    enum limit limit;
    const char *name; /* a login, a login and an address, or an address */
};

/* Of the failures that are this login's: a place that the user has logged in from counts for itself, so
 * that nobody who guesses elsewhere keeps the user out. */
static struct counter failures_of(const struct portal_login *attempt)
{
    return attempt->place != NULL ? (struct counter){LIMIT_PLACE, attempt->place}
                                  : (struct counter){LIMIT_LOGIN, attempt->login};
}

/* What was typed as a login may be a password: only its hash is kept. */
static char *subject_of(const struct counter *counter)
{
    const char *prefix = limits[counter->limit].prefix;
    uint8_t hash[SHA256_BYTES];
    if (counter->limit == LIMIT_ADDRESS)
        return memory_printf("%s:%s", prefix, counter->name);
    if (EVP_Digest(counter->name, strlen(counter->name), hash, NULL, EVP_sha256(), NULL) != 1)
        abort(); /* SHA-256 is always there */
    AUTO(memory_freep) char *hex = hex_encode(SPAN_ARRAY(hash));
    return memory_printf("%s:%s", prefix, hex);
}

static enum err_code forget_old(struct portal *portal, struct err *err)
{
    return portal_db_run(portal->db, "DELETE FROM login_limit WHERE since_utc <= ?",
                         PORTAL_VALUES(PORTAL_INTEGER(clock_now_utc() - PORTAL_LOGIN_WINDOW_S)),
                         err);
}

static enum err_code read_counter(struct portal *portal, const struct counter *counter,
                                  int64_t *out_count, int64_t *out_since_utc, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    AUTO(memory_freep) char *subject = subject_of(counter);
    bool row = false;
    if (portal_db_query(portal->db, "SELECT count, since_utc FROM login_limit WHERE subject = ?",
                        PORTAL_VALUES(PORTAL_TEXT(subject)), &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err->code;
    *out_count = row ? portal_query_integer(query, 0) : 0;
    *out_since_utc = row ? portal_query_integer(query, 1) : clock_now_utc();
    return ERR_NONE;
}

static enum err_code check_counter(struct portal *portal, const struct counter *counter,
                                   int *out_retry_after_s, struct err *err)
{
    int64_t count = 0, since_utc = 0;
    if (read_counter(portal, counter, &count, &since_utc, err) != ERR_NONE)
        return err->code;
    if (count < limits[counter->limit].maximum)
        return ERR_NONE;
    *out_retry_after_s = (int)(since_utc + PORTAL_LOGIN_WINDOW_S - clock_now_utc());
    return err_set(err, ERR_LOGIN_LIMIT, "%lld of this %s", (long long)count,
                   limits[counter->limit].prefix);
}

static enum err_code add_to(struct portal *portal, const struct counter *counter, int by,
                            struct err *err)
{
    AUTO(memory_freep) char *subject = subject_of(counter);
    return portal_db_run(
        portal->db,
        "INSERT INTO login_limit (subject, count, since_utc) "
        "VALUES (?1, max(0, ?2), ?3) "
        "ON CONFLICT (subject) DO UPDATE SET count = max(0, count + ?2)",
        PORTAL_VALUES(PORTAL_TEXT(subject), PORTAL_INTEGER(by), PORTAL_INTEGER(clock_now_utc())),
        err);
}

static enum err_code clear(struct portal *portal, const struct counter *counter, struct err *err)
{
    AUTO(memory_freep) char *subject = subject_of(counter);
    return portal_db_run(portal->db, "DELETE FROM login_limit WHERE subject = ?",
                         PORTAL_VALUES(PORTAL_TEXT(subject)), err);
}

/* ---- where users have logged in from ---- */

static enum err_code is_known_place(struct portal *portal, const struct portal_login *attempt,
                                    bool *out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT 1 FROM login_place WHERE user_id = ? AND address = ? "
                        "AND used_utc > ?",
                        PORTAL_VALUES(PORTAL_INTEGER(attempt->user_id),
                                      PORTAL_TEXT(attempt->address),
                                      PORTAL_INTEGER(clock_now_utc() - PORTAL_LOGIN_PLACE_S)),
                        &query, err) != ERR_NONE)
        return err->code;
    return portal_query_next(query, out, err);
}

static enum err_code note_place(struct portal *portal, const struct portal_login *attempt,
                                struct err *err)
{
    if (portal_db_run(portal->db,
                      "INSERT OR REPLACE INTO login_place (user_id, address, used_utc) "
                      "VALUES (?, ?, ?)",
                      PORTAL_VALUES(PORTAL_INTEGER(attempt->user_id), PORTAL_TEXT(attempt->address),
                                    PORTAL_INTEGER(clock_now_utc())),
                      err) != ERR_NONE)
        return err->code;
    return portal_db_run(
        portal->db,
        "DELETE FROM login_place WHERE user_id = ?1 AND address NOT IN "
        "(SELECT address FROM login_place WHERE user_id = ?1 "
        "ORDER BY used_utc DESC, address LIMIT ?2)",
        PORTAL_VALUES(PORTAL_INTEGER(attempt->user_id), PORTAL_INTEGER(PORTAL_LOGIN_PLACES_MAX)),
        err);
}

/* ---- what stands in the audit trail ---- */

/* The first failure of a user and the one that reaches the limit; of an address that alone: so that whoever
 * guesses can't make the trail grow. What was typed is never in it unless it is a user's login. */
static enum err_code audit_failure(struct portal *portal, const struct portal_login *attempt,
                                   struct err *err)
{
    const struct counter of_login = failures_of(attempt);
    const struct counter of_address = {LIMIT_ADDRESS, attempt->address};
    int64_t login = 0, address = 0, since_utc;
    if (read_counter(portal, &of_login, &login, &since_utc, err) != ERR_NONE ||
        read_counter(portal, &of_address, &address, &since_utc, err) != ERR_NONE)
        return err->code;
    if (attempt->user_id != 0 && login == 1 &&
        portal_audit_add(portal, "login.failed", attempt->login, attempt->address, err) != ERR_NONE)
        return err->code;
    if (attempt->user_id != 0 && login == PORTAL_LOGIN_FAILURES_MAX &&
        portal_audit_add(portal, "login.limit", attempt->login, attempt->address, err) != ERR_NONE)
        return err->code;
    return address == PORTAL_LOGIN_ADDRESS_FAILURES_MAX
               ? portal_audit_add(portal, "login.address-limit", attempt->address, "", err)
               : ERR_NONE;
}

/* ---- the steps ---- */

static enum err_code find_user(struct portal *portal, struct portal_login *attempt, struct err *err)
{
    AUTO(portal_account_freep) struct portal_account *account = NULL;
    enum err_code code = portal_account_find(portal, attempt->login, &account, err);
    if (code == ERR_NO_SUCH_RECORD) {
        *err = ERR_INIT;
        return ERR_NONE;
    }
    if (code != ERR_NONE)
        return code;
    attempt->user_id = account->id;
    attempt->kept = account->password;
    return ERR_NONE;
}

static enum err_code find_place(struct portal *portal, struct portal_login *attempt,
                                struct err *err)
{
    bool known = false;
    if (is_known_place(portal, attempt, &known, err) != ERR_NONE)
        return err->code;
    attempt->place = known ? memory_printf("%s %s", attempt->login, attempt->address) : NULL;
    return ERR_NONE;
}

static struct portal_login *new_attempt(const char *login, const char *address)
{
    struct portal_login *attempt = memory_new(sizeof *attempt);
    attempt->login = memory_text(login);
    attempt->address = memory_text(address);
    for (char *at = attempt->login; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return attempt;
}

enum err_code portal_login_begin(struct portal *portal, const char *login, const char *address,
                                 struct portal_login **out, int *out_retry_after_s, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    if (portal_account_check_login(login, err) != ERR_NONE)
        return err_set(err, ERR_LOGIN_FAILED, "this can't be a login");
    AUTO(portal_login_freep) struct portal_login *attempt = new_attempt(login, address);
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        forget_old(portal, err) != ERR_NONE || find_user(portal, attempt, err) != ERR_NONE ||
        find_place(portal, attempt, err) != ERR_NONE)
        return err_add(err, "begin to log in");
    const struct counter counters[] = {
        {LIMIT_ADDRESS, attempt->address}, failures_of(attempt), {LIMIT_SUCCESS, attempt->login}};
    for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
        if (check_counter(portal, &counters[i], out_retry_after_s, err) != ERR_NONE)
            return err_add(err, "begin to log in");
    if (add_to(portal, &counters[0], 1, err) != ERR_NONE ||
        add_to(portal, &counters[1], 1, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "begin to log in");
    *out = TAKE(attempt);
    return ERR_NONE;
}

/* The account, when it still is what the password was compared with; else NULL. */
static enum err_code account_still(struct portal *portal, const struct portal_login *attempt,
                                   struct portal_account **out, struct err *err)
{
    AUTO(portal_account_freep) struct portal_account *account = NULL;
    if (portal_account_load(portal, attempt->user_id, &account, err) != ERR_NONE)
        return err->code;
    bool same =
        secret_equal_spans(SPAN_ARRAY(account->password.hash), SPAN_ARRAY(attempt->kept.hash));
    *out = same && !account->disabled ? TAKE(account) : NULL;
    return ERR_NONE;
}

/* It writes in any case: a commit that waits for the disk for users alone would tell who is one. */
static enum err_code fail(struct portal *portal, struct portal_transaction *transaction,
                          const struct portal_login *attempt, enum err_code code, struct err *err)
{
    const struct counter address = {LIMIT_ADDRESS, attempt->address};
    if (add_to(portal, &address, 0, err) != ERR_NONE ||
        audit_failure(portal, attempt, err) != ERR_NONE ||
        portal_transaction_commit(transaction, err) != ERR_NONE)
        return err_add(err, "note the failure");
    return err_set(err, code, "the password was not accepted");
}

/* It was no failure after all. */
static enum err_code take_back(struct portal *portal, const struct portal_login *attempt,
                               struct err *err)
{
    const struct counter address = {LIMIT_ADDRESS, attempt->address};
    const struct counter login = failures_of(attempt);
    return add_to(portal, &address, -1, err) != ERR_NONE || clear(portal, &login, err) != ERR_NONE
               ? err->code
               : ERR_NONE;
}

static enum err_code open_session(struct portal *portal, const struct portal_login *attempt,
                                  const struct portal_account *account, const char *old_token,
                                  char **out_token, struct err *err)
{
    const struct counter success = {LIMIT_SUCCESS, attempt->login};
    AUTO(memory_freep) char *actor = memory_printf("user:%s", account->login);
    portal_set_actor(portal, actor);
    if (add_to(portal, &success, 1, err) != ERR_NONE ||
        note_place(portal, attempt, err) != ERR_NONE ||
        (old_token != NULL && portal_session_close(portal, old_token, err) != ERR_NONE) ||
        portal_audit_add(portal, "login", account->login, attempt->address, err) != ERR_NONE)
        return err->code;
    return portal_session_open(portal, account->id, out_token, err);
}

enum err_code portal_login_end(struct portal *portal, const struct portal_login *attempt,
                               bool matched, const char *old_token, char **out_token,
                               struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_account_freep) struct portal_account *account = NULL;
    AUTO(memory_freep) char *token = NULL;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        (matched && account_still(portal, attempt, &account, err) != ERR_NONE))
        return err_add(err, "log in");
    if (account == NULL)
        return fail(portal, &transaction, attempt, ERR_LOGIN_FAILED, err);
    if (take_back(portal, attempt, err) != ERR_NONE ||
        open_session(portal, attempt, account, old_token, &token, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "log in");
    *out_token = TAKE(token);
    return ERR_NONE;
}

enum err_code portal_login_prove(struct portal *portal, const struct portal_login *attempt,
                                 bool matched, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_account_freep) struct portal_account *account = NULL;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        (matched && account_still(portal, attempt, &account, err) != ERR_NONE))
        return err_add(err, "prove the password");
    if (account == NULL)
        return fail(portal, &transaction, attempt, ERR_PASSWORD_WRONG, err);
    if (take_back(portal, attempt, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "prove the password");
    return ERR_NONE;
}
