/* Seals for tests, put together field by field and so of any fault, without certs/seal_make. */
#pragma once

#include "base/buf.h"
#include "certs/seal.h"
#include "fixture.h"

/* In the order of the bytes. Every field holds its whole item, with tag and length. */
enum seal_field {
    FIELD_HEADER_ID,
    FIELD_HEADER_VERSION,
    FIELD_VENDOR,
    FIELD_HEADER_MORE, /* nothing, unless a test adds it; so the other MORE */
    FIELD_ID,
    FIELD_TYPE,
    FIELD_NAME,
    FIELD_LIST_TYPE,
    FIELD_LIST,
    FIELD_CREATED,
    FIELD_FROM,
    FIELD_UNTIL,
    FIELD_PROPERTY_MORE,
    FIELD_PICTURE_TYPE,
    FIELD_PICTURE,
    FIELD_WIDTH,
    FIELD_HEIGHT,
    FIELD_PICTURE_MORE,
    FIELD_EXTENSIONS, /* nothing */
    FIELD_MAKER,
    FIELD_ALGORITHM,
    FIELD_SIGNATURE, /* made when it is nothing */
    FIELD_SIGN_INFO_MORE,
    FIELD_TIME_STAMP, /* nothing */
    FIELD_MORE,
    FIELD_COUNT
};

/* A CA, a maker, two holders. */
struct seal_world {
    struct fixture_key *root_key, *maker_key, *holder_key;
    struct bytes *root, *maker, *holder, *other_holder;
    struct chain_roots *roots;
    struct cert *holder_cert, *other_holder_cert;
};

struct seal_world *seal_world_new(enum cert_algorithm algorithm);
void seal_world_free(struct seal_world *world);
void seal_world_freep(struct seal_world **world);

struct seal_recipe {
    const struct seal_world *world;
    enum seal_version form; /* how the parts are put together and signed */
    struct bytes *fields[FIELD_COUNT];
};

/* A right seal. The list: certificates of both holders. */
struct seal_recipe *seal_recipe_new(const struct seal_world *world, enum seal_version version);
void seal_recipe_free(struct seal_recipe *recipe);
void seal_recipe_freep(struct seal_recipe **recipe);
/* Each replaces a field. */
void seal_recipe_hex(struct seal_recipe *recipe, enum seal_field field, const char *hex);
void seal_recipe_item(struct seal_recipe *recipe, enum seal_field field, uint8_t tag,
                      struct span value);
/* The list: digests of both holders, by the algorithm that OpenSSL calls so. */
void seal_recipe_digests(struct seal_recipe *recipe, const char *name, const char *algorithm);
struct bytes *seal_recipe_build(const struct seal_recipe *recipe);

/* A right seal in one call. */
struct bytes *seal_fixture(const struct seal_world *world, enum seal_version version);
struct seal_check seal_fixture_check(const struct seal_world *world);
/* Parsed, then verified at the fixture's time with holder as the signer. */
enum err_code seal_fixture_judge(const struct seal_world *world, struct span der, struct err *err);
