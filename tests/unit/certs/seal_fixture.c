#include "seal_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/der.h"
#include "certs/sm2.h"

#define ANY_BYTES 200000

static const uint8_t picture[] = {0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A};

/* ---- the world ---- */

struct seal_world *seal_world_new(enum cert_algorithm algorithm)
{
    struct seal_world *world = memory_new(sizeof *world);
    struct err err = ERR_INIT;
    world->root_key = fixture_key_new(algorithm, 2048);
    world->maker_key = fixture_key_new(algorithm, 2048);
    world->holder_key = fixture_key_new(algorithm, 2048);
    world->root = fixture_ca("root", world->root_key, NULL, SPAN_NONE);
    struct span root = span_bytes(world->root);
    world->maker = fixture_end("制章人", world->maker_key, world->root_key, root);
    world->holder = fixture_end("holder", world->holder_key, world->root_key, root);
    world->other_holder = fixture_end("other", world->holder_key, world->root_key, root);
    world->holder_cert = fixture_parse(span_bytes(world->holder));
    world->other_holder_cert = fixture_parse(span_bytes(world->other_holder));
    AUTO(memory_freep) char *pem = fixture_pem(&root, 1);
    assert_int_equal(chain_roots_from_pem(span_text(pem), &world->roots, &err), ERR_NONE);
    return world;
}

void seal_world_free(struct seal_world *world)
{
    if (world == NULL)
        return;
    fixture_key_free(world->root_key);
    fixture_key_free(world->maker_key);
    fixture_key_free(world->holder_key);
    bytes_free(world->root);
    bytes_free(world->maker);
    bytes_free(world->holder);
    bytes_free(world->other_holder);
    chain_roots_free(world->roots);
    cert_free(world->holder_cert);
    cert_free(world->other_holder_cert);
    free(world);
}

void seal_world_freep(struct seal_world **world)
{
    seal_world_free(*world);
    *world = NULL;
}

/* ---- fields ---- */

static void set(struct seal_recipe *recipe, enum seal_field field, struct span whole)
{
    bytes_free(recipe->fields[field]);
    recipe->fields[field] = bytes_new(whole);
}

void seal_recipe_hex(struct seal_recipe *recipe, enum seal_field field, const char *hex)
{
    AUTO(bytes_freep) struct bytes *whole = fixture_hex(hex);
    set(recipe, field, span_bytes(whole));
}

void seal_recipe_item(struct seal_recipe *recipe, enum seal_field field, uint8_t tag,
                      struct span value)
{
    AUTO(buf_done) struct buf whole = BUF_INIT(ANY_BYTES);
    der_add(&whole, tag, value);
    assert_false(whole.bad);
    set(recipe, field, buf_span(&whole));
}

static void set_text(struct seal_recipe *recipe, enum seal_field field, uint8_t tag,
                     const char *text)
{
    seal_recipe_item(recipe, field, tag, span_text(text));
}

static void set_times(struct seal_recipe *recipe)
{
    bool utc_time = recipe->form == SEAL_V1;
    uint8_t tag = utc_time ? DER_UTC_TIME : DER_GENERALIZED_TIME;
    size_t skipped = utc_time ? 2 : 0;
    set_text(recipe, FIELD_CREATED, tag, &"20251220080910Z"[skipped]);
    set_text(recipe, FIELD_FROM, tag, &"20251221000000Z"[skipped]);
    set_text(recipe, FIELD_UNTIL, tag, &"20260120235959Z"[skipped]);
}

static void set_certificates(struct seal_recipe *recipe)
{
    AUTO(buf_done) struct buf list = BUF_INIT(ANY_BYTES);
    der_add(&list, DER_OCTET_STRING, span_bytes(recipe->world->other_holder));
    der_add(&list, DER_OCTET_STRING, span_bytes(recipe->world->holder));
    seal_recipe_item(recipe, FIELD_LIST, DER_SEQUENCE, buf_span(&list));
    if (recipe->form != SEAL_V1)
        seal_recipe_hex(recipe, FIELD_LIST_TYPE, "020101");
}

static void add_digest(struct buf *list, struct span cert, const char *name, const char *algorithm)
{
    AUTO(buf_done) struct buf object = BUF_INIT(ANY_BYTES);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned length;
    assert_int_equal(
        EVP_Digest(cert.at, cert.len, digest, &length, EVP_get_digestbyname(algorithm), NULL), 1);
    der_add(&object, DER_PRINTABLE_STRING, span_text(name));
    der_add(&object, DER_OCTET_STRING, span_of(digest, length));
    der_add(list, DER_SEQUENCE, buf_span(&object));
}

void seal_recipe_digests(struct seal_recipe *recipe, const char *name, const char *algorithm)
{
    AUTO(buf_done) struct buf list = BUF_INIT(ANY_BYTES);
    add_digest(&list, span_bytes(recipe->world->other_holder), name, algorithm);
    add_digest(&list, span_bytes(recipe->world->holder), name, algorithm);
    seal_recipe_item(recipe, FIELD_LIST, DER_SEQUENCE, buf_span(&list));
    seal_recipe_hex(recipe, FIELD_LIST_TYPE, "020102");
}

static void set_maker(struct seal_recipe *recipe)
{
    bool sm2 = recipe->world->maker_key->signer.algorithm == CERT_SM2;
    seal_recipe_item(recipe, FIELD_MAKER, DER_OCTET_STRING, span_bytes(recipe->world->maker));
    seal_recipe_hex(recipe, FIELD_ALGORITHM,
                    sm2 ? "06082A811CCF55018375" : "06092A864886F70D01010B");
}

struct seal_recipe *seal_recipe_new(const struct seal_world *world, enum seal_version version)
{
    struct seal_recipe *recipe = memory_new(sizeof *recipe);
    const uint8_t version_byte = (uint8_t)version;
    recipe->world = world;
    recipe->form = version;
    set_text(recipe, FIELD_HEADER_ID, DER_IA5_STRING, "ES");
    seal_recipe_item(recipe, FIELD_HEADER_VERSION, DER_INTEGER, span_of(&version_byte, 1));
    set_text(recipe, FIELD_VENDOR, DER_IA5_STRING, "TEST&V");
    set_text(recipe, FIELD_ID, DER_IA5_STRING, "4401040123456");
    seal_recipe_hex(recipe, FIELD_TYPE, "020101");
    set_text(recipe, FIELD_NAME, DER_UTF8_STRING, "阳光建设有限公司");
    set_certificates(recipe);
    set_times(recipe);
    set_text(recipe, FIELD_PICTURE_TYPE, DER_IA5_STRING, "PNG");
    seal_recipe_item(recipe, FIELD_PICTURE, DER_OCTET_STRING, SPAN_ARRAY(picture));
    seal_recipe_hex(recipe, FIELD_WIDTH, "020128");
    seal_recipe_hex(recipe, FIELD_HEIGHT, "02011E");
    set_maker(recipe);
    return recipe;
}

void seal_recipe_free(struct seal_recipe *recipe)
{
    if (recipe == NULL)
        return;
    for (size_t i = 0; i < FIELD_COUNT; i++)
        bytes_free(recipe->fields[i]);
    free(recipe);
}

void seal_recipe_freep(struct seal_recipe **recipe)
{
    seal_recipe_free(*recipe);
    *recipe = NULL;
}

/* ---- putting together ---- */

static void add(struct buf *to, const struct seal_recipe *recipe, enum seal_field first,
                enum seal_field last)
{
    for (enum seal_field i = first; i <= last; i++)
        buf_add(to, span_bytes(recipe->fields[i]));
}

static void add_sequence(struct buf *to, const struct seal_recipe *recipe, enum seal_field first,
                         enum seal_field last)
{
    AUTO(buf_done) struct buf inner = BUF_INIT(ANY_BYTES);
    add(&inner, recipe, first, last);
    der_add(to, DER_SEQUENCE, buf_span(&inner));
}

static struct bytes *build_info(const struct seal_recipe *recipe)
{
    AUTO(buf_done) struct buf content = BUF_INIT(ANY_BYTES);
    AUTO(buf_done) struct buf info = BUF_INIT(ANY_BYTES);
    add_sequence(&content, recipe, FIELD_HEADER_ID, FIELD_HEADER_MORE);
    add(&content, recipe, FIELD_ID, FIELD_ID);
    add_sequence(&content, recipe, FIELD_TYPE, FIELD_PROPERTY_MORE);
    add_sequence(&content, recipe, FIELD_PICTURE_TYPE, FIELD_PICTURE_MORE);
    add(&content, recipe, FIELD_EXTENSIONS, FIELD_EXTENSIONS);
    der_add(&info, DER_SEQUENCE, buf_span(&content));
    return buf_bytes(&info);
}

static void add_signature(struct buf *to, const struct seal_recipe *recipe, struct span info)
{
    AUTO(buf_done) struct buf content = BUF_INIT(ANY_BYTES);
    AUTO(buf_done) struct buf wrapped = BUF_INIT(ANY_BYTES);
    AUTO(bytes_freep) struct bytes *signature = NULL;
    struct err err = ERR_INIT;
    buf_add(&content, info);
    add(&content, recipe, FIELD_MAKER, FIELD_ALGORITHM);
    der_add(&wrapped, DER_SEQUENCE, buf_span(&content));
    struct span message = recipe->form == SEAL_V1 ? buf_span(&wrapped) : info;
    assert_int_equal(
        signer_sign_message(&recipe->world->maker_key->signer, message, &signature, &err),
        ERR_NONE);
    der_add_bits(to, span_bytes(signature));
}

static void add_sign_info(struct buf *to, const struct seal_recipe *recipe, struct span info)
{
    add(to, recipe, FIELD_MAKER, FIELD_ALGORITHM);
    if (recipe->fields[FIELD_SIGNATURE] == NULL)
        add_signature(to, recipe, info);
    add(to, recipe, FIELD_SIGNATURE, FIELD_SIGN_INFO_MORE);
}

struct bytes *seal_recipe_build(const struct seal_recipe *recipe)
{
    AUTO(bytes_freep) struct bytes *info = build_info(recipe);
    AUTO(buf_done) struct buf sign_info = BUF_INIT(ANY_BYTES);
    AUTO(buf_done) struct buf content = BUF_INIT(ANY_BYTES);
    AUTO(buf_done) struct buf seal = BUF_INIT(ANY_BYTES);
    assert_non_null(info);
    add_sign_info(&sign_info, recipe, span_bytes(info));
    buf_add(&content, span_bytes(info));
    if (recipe->form == SEAL_V1)
        der_add(&content, DER_SEQUENCE, buf_span(&sign_info));
    else
        buf_add(&content, buf_span(&sign_info));
    add(&content, recipe, FIELD_TIME_STAMP, FIELD_MORE);
    der_add(&seal, DER_SEQUENCE, buf_span(&content));
    return buf_bytes(&seal);
}

struct bytes *seal_fixture(const struct seal_world *world, enum seal_version version)
{
    AUTO(seal_recipe_freep) struct seal_recipe *recipe = seal_recipe_new(world, version);
    return seal_recipe_build(recipe);
}

struct seal_check seal_fixture_check(const struct seal_world *world)
{
    return (struct seal_check){
        .roots = world->roots, .signer = world->holder_cert, .now_utc = FIXTURE_NOW};
}

enum err_code seal_fixture_judge(const struct seal_world *world, struct span der, struct err *err)
{
    AUTO(seal_freep) struct seal *seal = NULL;
    struct seal_check check = seal_fixture_check(world);
    if (seal_parse(der, &seal, err) != ERR_NONE)
        return err->code;
    return seal_verify(seal, &check, err);
}
