#include "tests/fault/fault_oracle.h"

#include <dirent.h>
#include <stdlib.h>

#include "agent/ops/op_key.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "certs/proof.h"
#include "certs/seal.h"
#include "certs/sm2.h"
#include "portal/portal_admin_pin.h"
#include "portal/portal_certificate.h"
#include "portal/portal_job.h"
#include "portal/portal_key.h"
#include "tests/fault/fault_look.h"
#include "tests/fault/fault_piv.h"

#define FILE_BYTES_MAX (4 * 1024 * 1024)
#define DIGEST_BYTES 32

static struct fault_look look_at(const struct fault_world *world)
{
    struct fault_look look;
    fault_look_at(world->card.card, &look);
    return look;
}

static bool is_kind(const struct fault_world *world, const char *kind)
{
    return strcmp(world->scene->kind, kind) == 0;
}

static struct bytes *read_in(const char *folder, const char *name)
{
    AUTO(memory_freep) char *path = file_join(folder, name);
    struct bytes *content = NULL;
    struct err err = ERR_INIT;
    if (file_read(path, FILE_BYTES_MAX, &content, &err) != ERR_NONE && err.code != ERR_FILE_MISSING)
        fault_must(err.code, &err, "read a file");
    return content;
}

static int64_t count(const struct fault_world *world, const char *sql,
                     const struct portal_value *values, size_t value_count)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    fault_must(portal_db_query(world->platform.portal->db, sql, values, value_count, &query, &err),
               &err, "ask the portal's database");
    fault_must(portal_query_one(query, &err), &err, "ask the portal's database");
    return portal_query_integer(query, 0);
}

/* ---- at any instant ---- */

/* Certificate and key belong together, and the platform would take a signature by them. */
static bool pair_is_usable(const struct fault_world *world, const struct fault_look_half *sign)
{
    struct err err = ERR_INIT;
    AUTO(cert_freep) struct cert *cert = NULL;
    if (sign->pair == NULL || cert_parse(sign->cert, &cert, &err) != ERR_NONE ||
        cert_peek(cert)->not_after_utc < clock_now_utc())
        return false;
    if (virtual_card_pair_for(world->card.card, sign->cert) != sign->pair)
        return false;
    return count(world, "SELECT count(*) FROM certificate WHERE der = ? AND status <> 'revoked'",
                 PORTAL_VALUES(PORTAL_BLOB(sign->cert))) == 1;
}

static void check_pair(struct fault_world *world)
{
    struct fault_look look = look_at(world);
    for (size_t i = 0; i < look.pair_count; i++)
        if (pair_is_usable(world, &look.pairs[i].sign))
            return;
    fault_lost(world->plan->record, "no usable pair is on the key");
}

static void check_deciphering(struct fault_world *world)
{
    AUTO(bytes_freep) struct bytes *cert = read_in(world->folder, "encrypt.der");
    AUTO(bytes_freep) struct bytes *cipher = read_in(world->folder, "message.cipher");
    AUTO(bytes_freep) struct bytes *message = NULL;
    struct err err = ERR_INIT;
    const struct virtual_pair *pair = virtual_card_pair_for(world->card.card, span_bytes(cert));
    if (pair == NULL ||
        virtual_pair_decrypt(pair, span_bytes(cipher), &message, &err) != ERR_NONE ||
        !span_equal(span_bytes(message), span_text(FAULT_MESSAGE)))
        fault_lost(world->plan->record, "what was enciphered earlier can't be deciphered");
}

/* A reset may have cost one administrator try: when the key's challenge came through spoiled. */
static void check_tries(struct fault_world *world)
{
    struct fault_look look = look_at(world);
    bool locked_before = is_kind(world, "reset-pin") && look.user.left == 0;
    if (look.user.left != look.user.max && !locked_before)
        fault_lost(world->plan->record, "the user's tries: %d of %d", look.user.left,
                   look.user.max);
    if (look.admin.left + (is_kind(world, "reset-pin") ? 1 : 0) < look.admin.max)
        fault_lost(world->plan->record, "the administrator's tries: %d of %d", look.admin.left,
                   look.admin.max);
}

static bool is_piv(const struct fault_world *world)
{
    return world->scene->key->management != NULL;
}

static void check_admin_pin(struct fault_world *world)
{
    AUTO(secret_freep) struct secret *pin = NULL;
    struct err err = ERR_INIT;
    fault_must(
        portal_admin_pin_derive(world->platform.portal, world->scene->key->serial, &pin, &err),
        &err, "derive the administrator PIN");
    if (!span_equal(look_at(world).admin.value, secret_peek(pin)))
        fault_lost(world->plan->record, "the administrator PIN is not the platform's");
}

static void check_other_key(struct fault_world *world)
{
    AUTO(memory_freep) char *path = file_join(world->folder, "other.json");
    if (fault_card_other_changed(&world->card, path))
        fault_lost(world->plan->record, "another bidder's key was changed");
}

void fault_oracle_between(struct fault_world *world)
{
    check_other_key(world);
    check_pair(world);
    check_deciphering(world);
    check_tries(world);
    (is_piv(world) ? fault_piv_between : check_admin_pin)(world);
}

/* ---- what was said ---- */

void fault_oracle_content(const struct fault_world *world, uint8_t out[FAULT_CONTENT_BYTES])
{
    struct fault_look look = look_at(world);
    AUTO(buf_done) struct buf buf = BUF_INIT(FILE_BYTES_MAX);
    for (size_t i = 0; i < look.pair_count; i++) {
        buf_add(&buf, look.pairs[i].encrypt.cert);
        buf_add(&buf, look.pairs[i].sign.cert);
    }
    for (size_t i = 0; i < look.file_count; i++)
        buf_add(&buf, look.files[i]);
    buf_add(&buf, look.user.value);
    buf_add_u8(&buf, look.user.left > 0);
    proof_sha256(buf_span(&buf), out);
}

static bool is_as_before(const struct fault_world *world)
{
    uint8_t now[FAULT_CONTENT_BYTES];
    fault_oracle_content(world, now);
    return memcmp(now, world->plan->record->before, sizeof now) == 0;
}

void fault_oracle_claim(struct fault_world *world)
{
    bool is_over = strcmp(world->state, "failed") == 0 || strcmp(world->state, "cancelled") == 0;
    if (is_over && !world->key_changed && !world->plan->record->second_page && !is_as_before(world))
        fault_lost(world->plan->record, "it is said that the key was not changed, after %s",
                   world->code);
}

void fault_oracle_resumed(struct fault_world *world)
{
    fault_oracle_claim(world);
    if (strcmp(world->state, "none") == 0 && !is_as_before(world))
        fault_lost(world->plan->record, "what has changed the key is not in the journal");
    if (world->plan->record->told_written && !fault_world_done(world))
        fault_lost(world->plan->record, "what was written is not confirmed by itself");
}

/* ---- at the end ---- */

static struct cert *active_cert(struct fault_world *world)
{
    struct cert *cert = NULL;
    struct err err = ERR_INIT;
    int64_t key_id = 0;
    fault_must(portal_key_find(world->platform.portal, world->scene->key->serial, &key_id, &err),
               &err, "find the key");
    fault_must(portal_certificate_active(world->platform.portal, key_id, CERT_USAGE_SIGN, &cert,
                                         NULL, &err),
               &err, "find the certificate in force");
    return cert;
}

/* A log-in with the PIN that the person knows now, and a signature that the certificate verifies. */
static enum err_code sign(struct token *token, const char *pair, struct span pin,
                          const struct cert *cert, struct err *err)
{
    static const char message[] = "a test value";
    AUTO(secret_freep) struct secret *secret = NULL;
    AUTO(bytes_freep) struct bytes *signature = NULL;
    struct op_key_signer self = {token, pair};
    const struct cert_facts *facts = cert_peek(cert);
    const struct signer signer = op_key_signer(&self, facts->algorithm, facts->public_key);
    if (secret_new(PROMPT_PIN_BYTES_MAX, &secret, err) != ERR_NONE)
        return err->code;
    memcpy(secret_room(secret), pin.at, pin.len);
    secret_set_length(secret, pin.len);
    if (token_begin(token, err) != ERR_NONE || token_login(token, secret, err) != ERR_NONE ||
        signer_sign_message(&signer, span_text(message), &signature, err) != ERR_NONE)
        return err->code;
    token_logout(token);
    token_end(token);
    return cert_verify(cert, span_text(message), span_bytes(signature), err);
}

static const struct token_pair *pair_of(const struct token_pairs *pairs, const struct cert *cert)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (span_equal(span_bytes(pairs->pairs[i].sign_cert), cert_peek(cert)->der))
            return &pairs->pairs[i];
    return NULL;
}

static void check_encryption(struct fault_world *world, const struct token_pair *pair)
{
    struct span der = span_bytes(pair->encrypt_cert);
    if (world->scene->key->dual &&
        count(world, "SELECT count(*) FROM certificate WHERE der = ? AND status = 'active'",
              PORTAL_VALUES(PORTAL_BLOB(der))) != 1)
        fault_lost(world->plan->record, "the encryption certificate on the key is not in force");
}

static void check_signing(struct fault_world *world, const struct cert *cert)
{
    AUTO(token_closep) struct token *token = NULL;
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    struct err err = ERR_INIT;
    if (fault_card_token(&world->card, &token, &err) != ERR_NONE ||
        token_read_pairs(token, &pairs, &err) != ERR_NONE) {
        fault_lost(world->plan->record, "the key can't be read: %s", err.detail);
        return;
    }
    const struct token_pair *pair = pair_of(pairs, cert);
    if (pair == NULL || op_key_current_pair(pairs) != pair)
        fault_lost(world->plan->record, "the certificate in force is not the key's present one");
    else if (sign(token, pair->name, look_at(world).user.value, cert, &err) != ERR_NONE)
        fault_lost(world->plan->record, "the key does not sign: %s", err.detail);
    else
        check_encryption(world, pair);
}

/* The PIN is one that the person typed, or was told. */
static bool may_be(const struct fault_world *world, struct span pin)
{
    if (is_kind(world, "reset-pin"))
        return span_equal(pin, span_text(FAULT_PIN_INITIAL));
    if (!is_kind(world, "change-pin"))
        return span_equal(pin, span_text(FAULT_PIN));
    return span_equal(pin, span_text(FAULT_PIN_NEW)) ||
           span_equal(pin, span_text(FAULT_PIN_THIRD)) ||
           (world->plan->record->key_lied && span_equal(pin, span_text(FAULT_PIN)));
}

static void check_pin(struct fault_world *world)
{
    if (!may_be(world, look_at(world).user.value))
        fault_lost(world->plan->record, "the PIN is one that nobody knows");
}

static void check_count(struct fault_world *world, const char *what, int64_t is, int64_t should)
{
    if (is != should)
        fault_lost(world->plan->record, "%s: %ld, not %ld", what, (long)is, (long)should);
}

static void check_platform(struct fault_world *world)
{
    bool renewed = is_kind(world, "renew") || is_kind(world, "extend-seal");
    check_count(
        world, "confirmed issues",
        count(world, "SELECT count(*) FROM issue WHERE state = 'confirmed'", PORTAL_NO_VALUES),
        renewed ? 1 : 0);
    check_count(world, "open issues",
                count(world, "SELECT count(*) FROM issue WHERE state = 'issued'", PORTAL_NO_VALUES),
                0);
    check_count(
        world, "certificates that are neither in force nor revoked",
        count(world, "SELECT count(*) FROM certificate WHERE status = 'issued'", PORTAL_NO_VALUES),
        0);
    check_count(world, "orders in an illegal state",
                count(world, "SELECT count(*) FROM renewal_order WHERE state <> '审核通过'",
                      PORTAL_NO_VALUES),
                0);
    if (is_kind(world, "reset-pin"))
        check_count(world, "resets that are done",
                    count(world, "SELECT count(*) FROM reset_request WHERE state = 'done'",
                          PORTAL_NO_VALUES),
                    1);
    if (is_kind(world, "extend-seal"))
        check_count(
            world, "seals that are not current or superseded",
            count(world, "SELECT count(*) FROM seal WHERE state = 'issued'", PORTAL_NO_VALUES), 0);
}

static enum err_code verify_seal(const struct fault_world *world, struct span content,
                                 const struct cert *cert, struct err *err)
{
    AUTO(seal_freep) struct seal *seal = NULL;
    const struct span issuing = portal_ca_issuing(world->platform.portal->ca, CERT_SM2);
    const struct seal_check check = {
        .roots = world->roots,
        .marked_maker = true,
        .intermediates = &issuing,
        .intermediate_count = 1,
        .signer = cert,
        .now_utc = clock_now_utc(),
    };
    if (seal_parse(content, &seal, err) != ERR_NONE)
        return err->code;
    return seal_verify(seal, &check, err);
}

static void check_seal(struct fault_world *world, const struct cert *cert)
{
    struct fault_look look = look_at(world);
    for (size_t i = 0; i < look.file_count; i++) {
        struct err err = ERR_INIT;
        if (verify_seal(world, look.files[i], cert, &err) == ERR_NONE)
            return;
    }
    fault_lost(world->plan->record, "the seal does not verify");
}

static void check_leftovers(struct fault_world *world)
{
    struct fault_look look = look_at(world);
    /* A key that refused to make or use a second signing key goes on with its first, and the platform knows. */
    bool kept = count(world, "SELECT count(*) FROM audit WHERE event = 'order.key-kept'",
                      PORTAL_NO_VALUES) > 0;
    check_count(world, "containers", (int64_t)look.pair_count,
                world->scene->replace_key && !kept ? 2 : 1);
    /* An old seal that could not be removed goes with the next log-in; on a key that only the platform lets
     * write to, with the next renewal. */
    bool may_be_left = is_piv(world) && look.file_count == 2;
    if (!world->plan->record->key_lied && !may_be_left)
        check_count(world, "files on the key", (int64_t)look.file_count,
                    is_kind(world, "extend-seal") ? 1 : 0);
}

/* What a virtual key writes while the whole process ends is its own affair. */
static bool is_known_file(const char *name)
{
    static const char own[] = "key.json.";
    static const char *const known[] = {
        "key.json",        "other.json",     "portal",      "journal.db", "journal.db-wal",
        "journal.db-lock", "message.cipher", "encrypt.der", ".",          ".."};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strcmp(known[i], name) == 0)
            return true;
    return strncmp(name, own, sizeof own - 1) == 0;
}

static void check_files(struct fault_world *world)
{
    DIR *folder = opendir(world->folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (!is_known_file(entry->d_name))
            fault_lost(world->plan->record, "a file was left: %s", entry->d_name);
    closedir(folder);
}

void fault_oracle_end(struct fault_world *world)
{
    AUTO(cert_freep) struct cert *cert = active_cert(world);
    fault_oracle_between(world);
    check_platform(world);
    check_pin(world);
    check_signing(world, cert);
    if (is_kind(world, "extend-seal"))
        check_seal(world, cert);
    if (is_piv(world))
        fault_piv_end(world, cert);
    check_leftovers(world);
    check_deciphering(world);
    check_files(world);
}

/* ---- the journal ---- */

static bool holds(const struct bytes *file, const char *text)
{
    return file != NULL && memmem(file->at, file->len, text, strlen(text)) != NULL;
}

static void check_secret(struct fault_world *world, const char *what, const char *secret)
{
    static const char *const names[] = {"journal.db", "journal.db-wal"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO(bytes_freep) struct bytes *file = read_in(world->journal_folder, names[i]);
        if (holds(file, secret))
            fault_lost(world->plan->record, "%s is in %s", what, names[i]);
    }
}

void fault_oracle_journal(struct fault_world *world)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct portal *portal = world->platform.portal;
    struct err err = ERR_INIT;
    bool row = false;
    check_secret(world, "a PIN", FAULT_PIN);
    check_secret(world, "a new PIN", FAULT_PIN_NEW);
    fault_must(portal_db_query(portal->db, "SELECT id FROM job", PORTAL_NO_VALUES, &query, &err),
               &err, "list the jobs");
    while (portal_query_next(query, &row, &err) == ERR_NONE && row) {
        AUTO(memory_freep) char *secret = NULL;
        fault_must(portal_job_secret(portal, portal_query_text(query, 0), &secret, &err), &err,
                   "derive a job's secret");
        check_secret(world, "a job's secret", secret);
    }
}
