/* Certificate paths to judge, and the keys of who is on them. */
#pragma once

#include "certs/chain.h"
#include "fixture.h"

/* A root, an issuing CA, an end entity and a stranger with SM2; and others. Group fixtures. */
extern struct chain_paths_keys {
    struct fixture_key *root, *issuer, *end, *other, *rsa_root, *rsa, *p256, *p384;
} chain_paths_keys;
int chain_paths_setup(void **state);
int chain_paths_teardown(void **state);

struct chain_path {
    struct bytes *root, *issuer, *end;
};
struct chain_path chain_paths_make(const struct fixture_key *root, const struct fixture_key *issuer,
                                   const struct fixture_key *end);
void chain_paths_done(struct chain_path *path);

struct chain_roots *chain_paths_roots(struct span der);
/* What chain_check says with this root alone. */
enum err_code chain_paths_check(struct span end, const struct span *intermediates, size_t count,
                                struct span root, int64_t now_utc);
enum err_code chain_paths_check_all(const struct chain_path *path, int64_t now_utc);
