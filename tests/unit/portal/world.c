#include "world.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* needs some of the above */
#include <cmocka.h>

#include "base/clock.h"
#include "certs/proof.h"
#include "certs/sm2.h"
#include "portal/portal_confirm.h"
#include "portal/portal_key.h"
#include "portal/portal_order_new.h"
#include "portal/portal_reset.h"
#include "portal/portal_ticket.h"
#include "tests/unit/scratch.h"

void world_must(enum err_code code, const struct err *err)
{
    if (code != ERR_NONE)
        fail_msg("%s: %s", err_code_text(code), err->detail);
}

int world_setup(void **state)
{
    struct world *world = memory_new(sizeof *world);
    struct err err = ERR_INIT;
    int64_t id = 0;
    clock_set_for_test(FIXTURE_NOW);
    snprintf(world->folder, sizeof world->folder, "%s/ukey-portal-test-XXXXXX", scratch_top());
    if (mkdtemp(world->folder) == NULL)
        return -1;
    world_must(portal_init(world->folder, "阳光采购服务平台", "127.0.0.1", "test", &err), &err);
    world_must(portal_open(world->folder, "test", &world->portal, &err), &err);
    world_must(portal_open_keys(world->portal, &err), &err);
    world_must(portal_organisation_add(world->portal, WORLD_ORGANISATION, &id, &err), &err);
    *state = world;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)type, (void)at;
    return remove(path);
}

int world_teardown(void **state)
{
    struct world *world = *state;
    portal_free(world->portal);
    int result = nftw(world->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(world);
    return result;
}

struct portal *world_bare(void)
{
    struct err err = ERR_INIT;
    struct portal *portal = memory_new(sizeof *portal);
    clock_set_for_test(FIXTURE_NOW);
    portal->actor = memory_text("test");
    world_must(portal_db_open(":memory:", &portal->db, &err), &err);
    return portal;
}

static struct cert *certify(struct world *world, const struct fixture_key *key,
                            enum cert_usage usage, bool single, const char *name, int days_left)
{
    AUTO(bytes_freep) struct bytes *subject = fixture_name(WORLD_ORGANISATION, name);
    AUTO(bytes_freep) struct bytes *der = NULL;
    struct portal_ca_order order = {
        .subject_der = span_bytes(subject),
        .public_key = span_bytes(key->public_key),
        .usage = usage,
        .single = single,
        .not_before_utc = clock_now_utc() - (int64_t)345 * FIXTURE_DAY,
        .not_after_utc = clock_now_utc() + (int64_t)days_left * FIXTURE_DAY,
    };
    struct err err = ERR_INIT;
    world_must(portal_ca_issue(world->portal->ca, &order, &der, &err), &err);
    return fixture_parse(span_bytes(der));
}

struct cert *world_cert(struct world *world, const struct fixture_key *key, enum cert_usage usage,
                        const char *name, int days_left)
{
    return certify(world, key, usage, false, name, days_left);
}

static struct world_key *key_new(struct world *world, const char *profile,
                                 enum cert_algorithm algorithm, bool dual, int days_left)
{
    struct world_key *key = memory_new(sizeof *key);
    struct err err = ERR_INIT;
    snprintf(key->serial, sizeof key->serial, "KEY%05d", ++world->keys);
    key->sign = fixture_key_new(algorithm, 2048);
    key->sign_cert = certify(world, key->sign, CERT_USAGE_SIGN, !dual, WORLD_HOLDER, days_left);
    if (dual) {
        key->encrypt = fixture_key_new(algorithm, 2048);
        key->encrypt_cert =
            world_cert(world, key->encrypt, CERT_USAGE_ENCRYPT, WORLD_HOLDER, days_left);
    }
    const struct portal_key_new new = {
        .serial = key->serial,
        .organisation = WORLD_ORGANISATION,
        .holder = WORLD_HOLDER,
        .profile = profile,
        .sign_cert = key->sign_cert,
        .encrypt_cert = key->encrypt_cert,
    };
    world_must(portal_key_add(world->portal, &new, &key->id, &err), &err);
    return key;
}

struct world_key *world_key_new(struct world *world, enum cert_algorithm algorithm, bool dual,
                                int days_left)
{
    return key_new(world, "gmt0017-2012", algorithm, dual, days_left);
}

struct world_key *world_piv_key_new(struct world *world, enum cert_algorithm algorithm,
                                    int days_left)
{
    return key_new(world, "piv", algorithm, false, days_left);
}

void world_key_freep(struct world_key **key)
{
    if (*key == NULL)
        return;
    fixture_key_free((*key)->sign);
    fixture_key_free((*key)->encrypt);
    cert_free((*key)->sign_cert);
    cert_free((*key)->encrypt_cert);
    free(*key);
    *key = NULL;
}

char *world_order(struct world *world, const struct world_key *key, bool replace, bool dual)
{
    static const enum portal_order_action actions[] = {PORTAL_ORDER_PAY, PORTAL_ORDER_SUBMIT,
                                                       PORTAL_ORDER_APPROVE};
    struct portal_order_new new = {
        .serial = key->serial,
        .months = 12,
        .policy = {replace, key->sign->signer.algorithm, dual},
    };
    struct err err = ERR_INIT;
    char *number = NULL;
    world_must(portal_order_add(world->portal, &new, &number, &err), &err);
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
        world_must(portal_order_act(world->portal, number, actions[i], "", &err), &err);
    return number;
}

char *world_ticket(struct world *world, const char *order, const char *kind)
{
    struct err err = ERR_INIT;
    char *ticket = NULL;
    world_must(portal_ticket_add(world->portal, order, kind, 300, &ticket, &err), &err);
    return ticket;
}

struct portal_job *world_job(struct world *world, const struct world_key *key, const char *order)
{
    AUTO(memory_freep) char *ticket = world_ticket(world, order, "renew");
    struct portal_job *job = NULL;
    struct err err = ERR_INIT;
    world_must(portal_job_redeem(world->portal, ticket, key->serial, &job, &err), &err);
    return job;
}

struct bytes *world_csr(const struct fixture_key *key, struct span subject_der)
{
    struct bytes *csr = NULL;
    struct err err = ERR_INIT;
    world_must(csr_make(subject_der, &key->signer, &csr, &err), &err);
    return csr;
}

static struct bytes *proof(const struct portal_job *job, const char *label, struct span body,
                           const struct fixture_key *by)
{
    AUTO(bytes_freep) struct bytes *message = NULL;
    struct bytes *signature = NULL;
    struct err err = ERR_INIT;
    world_must(proof_message(label, job->id, span_bytes(job->challenge), body, &message, &err),
               &err);
    world_must(signer_sign_message(&by->signer, span_bytes(message), &signature, &err), &err);
    return signature;
}

struct bytes *world_request_proof(const struct portal_job *job, const struct fixture_key *by,
                                  struct span csr)
{
    uint8_t sha256[32];
    proof_sha256(csr, sha256);
    return proof(job, PROOF_REQUEST, SPAN_ARRAY(sha256), by);
}

struct bytes *world_confirm_proof(const struct portal_job *job, const struct fixture_key *by,
                                  const char *outcome, const uint8_t digest[32])
{
    AUTO(bytes_freep) struct bytes *body = proof_confirmation_body(outcome, digest);
    return proof(job, PROOF_CONFIRMATION, span_bytes(body), by);
}

enum err_code world_request(struct world *world, const struct portal_job *job,
                            const struct world_key *key, const struct fixture_key *new_key,
                            struct portal_issued **out, struct err *err)
{
    AUTO(bytes_freep)
    struct bytes *csr = world_csr(new_key, cert_peek(key->sign_cert)->subject_der);
    AUTO(bytes_freep)
    struct bytes *signature = world_request_proof(job, key->sign, span_bytes(csr));
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    struct portal_issue_request request = {span_bytes(csr), span_bytes(signature)};
    if (portal_issue_request(world->portal, job, &request, &issue, err) != ERR_NONE)
        return err->code;
    if (out != NULL)
        *out = TAKE(issue);
    return ERR_NONE;
}

enum err_code world_confirm(struct world *world, const struct portal_job *job,
                            const struct fixture_key *by, const char *outcome,
                            const struct portal_issued *issue, struct err *err)
{
    uint8_t digest[32] = {0};
    if (strcmp(outcome, "written") == 0)
        proof_written_digest(span_bytes(issue->sign_cert), span_bytes(issue->encrypt_cert), digest);
    AUTO(bytes_freep) struct bytes *signature = world_confirm_proof(job, by, outcome, digest);
    struct portal_confirmation confirmation = {outcome, SPAN_ARRAY(digest), span_bytes(signature)};
    return portal_confirm(world->portal, job, &confirmation, err);
}

struct bytes *world_seal_proof(const struct portal_job *job, const struct fixture_key *by,
                               struct span seal)
{
    uint8_t sha256[32];
    proof_sha256(seal, sha256);
    return proof(job, PROOF_SEAL, SPAN_ARRAY(sha256), by);
}

void world_renew(struct world *world, struct world_key *key)
{
    AUTO(memory_freep) char *order = world_order(world, key, false, key->encrypt != NULL);
    AUTO(portal_job_freep) struct portal_job *job = world_job(world, key, order);
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    struct err err = ERR_INIT;
    world_must(world_request(world, job, key, key->sign, &issue, &err), &err);
    world_must(world_confirm(world, job, key->sign, "written", issue, &err), &err);
    cert_free(key->sign_cert);
    key->sign_cert = fixture_parse(span_bytes(issue->sign_cert));
}

static void add_key_ticket(struct world *world, const struct world_key *key, const char *kind,
                           char **out)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    if (strcmp(kind, PORTAL_KIND_RESET_PIN) != 0) {
        world_must(portal_ticket_add_for_key(world->portal, key->serial, kind, 300, out, &err),
                   &err);
        return;
    }
    world_must(portal_db_query(world->portal->db,
                               "SELECT max(id) FROM reset_request WHERE key_id = ?",
                               PORTAL_VALUES(PORTAL_INTEGER(key->id)), &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    world_must(portal_ticket_add_for_reset(world->portal, portal_query_integer(query, 0), NULL, 300,
                                           out, &err),
               &err);
}

struct portal_job *world_key_job(struct world *world, const struct world_key *key, const char *kind)
{
    AUTO(memory_freep) char *ticket = NULL;
    struct portal_job *job = NULL;
    struct err err = ERR_INIT;
    add_key_ticket(world, key, kind, &ticket);
    world_must(portal_job_redeem(world->portal, ticket, key->serial, &job, &err), &err);
    return job;
}

struct portal_job *world_reload(struct world *world, const struct portal_job *job)
{
    AUTO(memory_freep) char *secret = NULL;
    struct portal_job *again = NULL;
    struct err err = ERR_INIT;
    world_must(portal_job_secret(world->portal, job->id, &secret, &err), &err);
    world_must(portal_job_authorise(world->portal, job->id, secret, &again, &err), &err);
    return again;
}

int64_t world_reset(struct world *world, const struct world_key *key, const char *user)
{
    const struct portal_reset_wish wish = {key->serial, user, 0};
    struct portal_reset_noted noted = {0};
    struct err err = ERR_INIT;
    world_must(portal_reset_request(world->portal, &wish, &noted, &err), &err);
    if (strcmp(noted.state, "approved") != 0)
        world_must(portal_reset_approve(world->portal, noted.id, &err), &err);
    return noted.id;
}

int64_t world_count(struct portal *portal, const char *sql)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    world_must(portal_db_query(portal->db, sql, PORTAL_NO_VALUES, &query, &err), &err);
    world_must(portal_query_one(query, &err), &err);
    return portal_query_integer(query, 0);
}
