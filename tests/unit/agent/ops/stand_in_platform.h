/* A platform without a network: issues real certificates from a CA made in the test, and counts. */
#pragma once

#include "agent/remote/remote.h"
#include "certs/chain.h"
#include "tests/unit/agent/ops/stand_in_piv.h"
#include "tests/unit/certs/fixture.h"

struct stand_in_platform {
    struct remote remote;
    struct fixture_key *ca_key;
    struct bytes *ca;
    struct chain_roots *roots;
    /* What it answers. */
    const char *serial;
    char *order; /* NULL: always the same */
    const char *kind;
    bool approved;
    bool replace_key;
    bool dual;
    const char *algorithm;
    int64_t not_after_utc;
    enum err_code redeem_fails_with;
    enum err_code request_fails_with;
    enum err_code confirm_fails_with; /* ERR_NONE after confirm_failures times */
    unsigned confirm_failures;
    int confirm_retry_after_s; /* what it says with such a failure; 0: nothing */
    unsigned pendings; /* times that it says "under way" first */
    bool wrong_subject;
    void (*on_request)(void *context); /* called before it answers a request */
    void *on_request_context;
    /* What it saw. */
    unsigned redeemed, requested, issued, confirmed, reported_failed;
    struct bytes *present_encrypt_key; /* DER SubjectPublicKeyInfo from the redeemed certificates */
    struct bytes *first_public_key; /* that it issued for */
    struct bytes *sign_cert, *encrypt_cert, *envelope;
    struct fixture_key *encrypt_key;
    /* The seal maker. */
    struct fixture_key *maker_key;
    struct bytes *maker_cert;
    unsigned seals_made;
    int64_t seal_until_utc; /* of the next seal */
    bool seal_other_picture, seal_other_holder, seal_other_maker;
    size_t seal_picture_bytes; /* of the seals that it makes */
    const char *seal_id; /* esID of the seals that it makes; NULL: always the same */
    const char *job_seal; /* esID that its jobs name; NULL: none */
    struct bytes *present_sign_cert; /* from the redeemed certificates */
    struct bytes *new_seal;
    /* PIN reset, with administrator PIN 12345678. */
    unsigned unblocks;
    void (*on_unblock)(void *context); /* called before it answers a challenge */
    void *on_unblock_context;
    bool spoil_blob; /* one byte of what unblocks is wrong */
    bool replay_blob; /* the first answer is given again */
    const char *wrong_admin_pin; /* the PIN of another key; NULL: the right one */
    struct bytes *first_blob;
    struct stand_in_piv piv; /* the same for PIV tokens, and what lets us write on them */
    const char *kept_reason; /* with the last request; NULL: none */
};

void stand_in_platform_init(struct stand_in_platform *platform);
void stand_in_platform_done(struct stand_in_platform *platform);
/* Its jobs are for this order from now on, for which nothing was issued. */
void stand_in_platform_next_order(struct stand_in_platform *platform, const char *order);
/* A seal with a picture, bound to holder (DER certificate); the caller frees. */
struct bytes *stand_in_platform_seal(const struct stand_in_platform *platform, struct span holder,
                                     int64_t valid_until_utc);
/* A certificate by its CA; the caller frees. usage: "critical,digitalSignature". */
struct bytes *stand_in_platform_issue(const struct stand_in_platform *platform,
                                      const struct fixture_key *key, const char *name,
                                      const char *usage, int64_t not_after_utc);
