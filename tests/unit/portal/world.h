/* A portal in a folder of its own, with keys in software: for the tests of the portal. The clock stands
 * at FIXTURE_NOW. */
#pragma once

#include "portal/portal.h"
#include "portal/portal_issue.h"
#include "portal/portal_job.h"
#include "tests/unit/certs/fixture.h"

#define WORLD_ORGANISATION "测试1023"
#define WORLD_HOLDER "张三"

struct world {
    char folder[64];
    struct portal *portal;
    int keys; /* made so far: their serials count up */
};

/* Group fixtures: *state is a struct world. */
int world_setup(void **state);
int world_teardown(void **state);
/* For one test: an empty portal with a database in memory and no CA. */
struct portal *world_bare(void);

struct world_key {
    char serial[16];
    int64_t id;
    struct fixture_key *sign;
    struct fixture_key *encrypt; /* NULL: a single certificate */
    struct cert *sign_cert;
    struct cert *encrypt_cert;
};
/* Registered, with certificates of the portal's own CA that end in days_left days. */
struct world_key *world_key_new(struct world *world, enum cert_algorithm algorithm, bool dual,
                                int days_left);
/* The same with the profile "piv" and one certificate. */
struct world_key *world_piv_key_new(struct world *world, enum cert_algorithm algorithm,
                                    int days_left);
void world_key_freep(struct world_key **key);
/* A certificate by the portal's CA; the caller frees. */
struct cert *world_cert(struct world *world, const struct fixture_key *key, enum cert_usage usage,
                        const char *name, int days_left);

/* Approved, for the key's own algorithm. */
char *world_order(struct world *world, const struct world_key *key, bool replace, bool dual);
char *world_ticket(struct world *world, const char *order, const char *kind);
/* A fresh ticket for the order, redeemed. */
struct portal_job *world_job(struct world *world, const struct world_key *key, const char *order);

/* What the agent makes; the caller frees. */
struct bytes *world_csr(const struct fixture_key *key, struct span subject_der);
struct bytes *world_request_proof(const struct portal_job *job, const struct fixture_key *by,
                                  struct span csr);
struct bytes *world_confirm_proof(const struct portal_job *job, const struct fixture_key *by,
                                  const char *outcome, const uint8_t digest[32]);
/* A whole request; out may be NULL. */
enum err_code world_request(struct world *world, const struct portal_job *job,
                            const struct world_key *key, const struct fixture_key *new_key,
                            struct portal_issued **out, struct err *err);
/* A whole confirmation of what was issued, by new_key (or the present one when it failed). */
enum err_code world_confirm(struct world *world, const struct portal_job *job,
                            const struct fixture_key *by, const char *outcome,
                            const struct portal_issued *issue, struct err *err);
/* Takes the key through a confirmed renewal that keeps its pair; key->sign_cert is the new one then. */
void world_renew(struct world *world, struct world_key *key);
/* extend-seal or reset-pin (the key's newest request): a fresh ticket for the key, redeemed. */
struct portal_job *world_key_job(struct world *world, const struct world_key *key,
                                 const char *kind);
/* The job as the database has it now. */
struct portal_job *world_reload(struct world *world, const struct portal_job *job);
struct bytes *world_seal_proof(const struct portal_job *job, const struct fixture_key *by,
                               struct span seal);
/* A reset of the key's PIN that user asked for and that is approved; its id. */
int64_t world_reset(struct world *world, const struct world_key *key, const char *user);

/* How many rows a "SELECT count(*)" gives. */
int64_t world_count(struct portal *portal, const char *sql);
/* Fails the test with the error's text unless it is ERR_NONE. */
void world_must(enum err_code code, const struct err *err);
