#include "portal/portal_seal_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "portal/portal_x509.h"
#include "world.h"

static struct portal_seal_maker *open_maker(const char *folder, enum err_code wanted)
{
    struct portal_seal_maker *maker = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(portal_seal_maker_open(folder, &maker, &err), wanted);
    return maker;
}

static struct bytes *make(struct world *world, const struct cert *holder, enum seal_version version)
{
    static const uint8_t picture[] = {1, 2, 3};
    struct bytes *der = NULL;
    struct err err = ERR_INIT;
    const struct seal_wish wish = {
        .version = version,
        .id = "id",
        .name = "章",
        .type = 1,
        .valid_until_utc = cert_peek(holder)->not_after_utc,
        .list = SEAL_LIST_CERTIFICATES,
        .holder_count = 1,
        .holders = &cert_peek(holder)->der,
        .picture_type = "PNG",
        .picture = SPAN_ARRAY(picture),
        .picture_width_mm = 40,
        .picture_height_mm = 40,
    };
    world_must(portal_seal_maker_seal(world->portal->seal_maker, &wish, &der, &err), &err);
    return der;
}

static struct chain_roots *roots_of(const struct world *world)
{
    AUTO(memory_freep) char *path = file_join(world->folder, "ca/roots.pem");
    AUTO(bytes_freep) struct bytes *pem = NULL;
    struct chain_roots *roots = NULL;
    struct err err = ERR_INIT;
    world_must(file_read(path, 65536, &pem, &err), &err);
    world_must(chain_roots_from_pem(span_bytes(pem), &roots, &err), &err);
    return roots;
}

static void check_verifies(struct world *world, enum seal_version version)
{
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    AUTO(bytes_freep) struct bytes *der = make(world, key->sign_cert, version);
    AUTO(seal_freep) struct seal *seal = NULL;
    AUTO(chain_roots_freep) struct chain_roots *roots = roots_of(world);
    struct span issuing = portal_ca_issuing(world->portal->ca, CERT_SM2);
    const struct seal_check check = {
        .roots = roots,
        .marked_maker = true,
        .intermediates = &issuing,
        .intermediate_count = 1,
        .signer = key->sign_cert,
        .now_utc = clock_now_utc(),
    };
    struct err err = ERR_INIT;
    world_must(seal_parse(span_bytes(der), &seal, &err), &err);
    world_must(seal_verify(seal, &check, &err), &err);
    assert_int_equal(seal_peek(seal)->version, version);
    assert_string_equal(seal_peek(seal)->vendor, "ukey-portal");
    assert_true(seal_peek(seal)->created_utc == clock_now_utc());
    assert_true(seal_peek(seal)->valid_from_utc == clock_now_utc() - PORTAL_X509_CLOCK_SKEW_S);
}

static void its_seals_verify_up_to_the_root(void **state)
{
    check_verifies(*state, SEAL_V4);
    check_verifies(*state, SEAL_V1);
}

static void its_key_is_private_and_its_certificate_lasts(void **state)
{
    const struct world *world = *state;
    AUTO(memory_freep) char *key_path = file_join(world->folder, "ca/seal-maker.key");
    AUTO(memory_freep) char *cert_path = file_join(world->folder, "ca/seal-maker.pem");
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(cert_freep) struct cert *cert = NULL;
    struct err err = ERR_INIT;
    struct stat status;
    assert_int_equal(stat(key_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    world_must(portal_x509_read_der(cert_path, &der, &err), &err);
    world_must(cert_parse(span_bytes(der), &cert, &err), &err);
    assert_int_equal(cert_peek(cert)->usage, CERT_USAGE_SIGN);
    assert_string_equal(cert_peek(cert)->organisation, "阳光采购服务平台");
    assert_true(cert_peek(cert)->not_after_utc > clock_now_utc() + (int64_t)9 * 365 * FIXTURE_DAY);
}

/* A holder's signing certificate by the same CA. */
static struct bytes *holder_der(struct world *world, const struct fixture_key *key)
{
    AUTO(cert_freep) struct cert *cert = world_cert(world, key, CERT_USAGE_SIGN, "张三", 30);
    assert_false(seal_maker_marked(cert));
    return bytes_new(cert_peek(cert)->der);
}

/* Signed by the holder's own key, with a picture of the holder's choice. */
static void a_holder_can_not_pass_for_it(void **state)
{
    static const uint8_t picture[] = {1, 2, 3};
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    AUTO(bytes_freep) struct bytes *maker = holder_der(world, key->sign);
    AUTO(chain_roots_freep) struct chain_roots *roots = roots_of(world);
    struct span issuing = portal_ca_issuing(world->portal->ca, CERT_SM2);
    const struct seal_wish wish = {
        .version = SEAL_V4,
        .vendor = "V",
        .id = "id",
        .name = "章",
        .type = 1,
        .created_utc = FIXTURE_NOW,
        .valid_from_utc = FIXTURE_NOW,
        .valid_until_utc = FIXTURE_NOW + FIXTURE_DAY,
        .list = SEAL_LIST_CERTIFICATES,
        .holder_count = 1,
        .holders = &cert_peek(key->sign_cert)->der,
        .picture_type = "PNG",
        .picture = SPAN_ARRAY(picture),
        .picture_width_mm = 40,
        .picture_height_mm = 40,
        .maker_cert = span_bytes(maker),
    };
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(seal_freep) struct seal *seal = NULL;
    struct err err = ERR_INIT;
    world_must(seal_make(&wish, &key->sign->signer, &der, &err), &err);
    world_must(seal_parse(span_bytes(der), &seal, &err), &err);
    struct seal_check check = {
        .roots = roots,
        .intermediates = &issuing,
        .intermediate_count = 1,
        .now_utc = FIXTURE_NOW,
    };
    world_must(seal_verify(seal, &check, &err), &err);
    check.marked_maker = true;
    assert_int_equal(seal_verify(seal, &check, &err), ERR_SEAL_MAKER);
}

static void an_unmarked_one_of_before_is_as_if_it_were_missing(void **state)
{
    void *other_state = NULL;
    assert_int_equal(world_setup(&other_state), 0);
    struct world *other = other_state;
    AUTO(memory_freep) char *cert_path = file_join(other->folder, "ca/seal-maker.pem");
    AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_new(CERT_SM2, 0);
    AUTO(cert_freep) struct cert *cert = world_cert(other, key, CERT_USAGE_SIGN, "制章人", 3000);
    AUTO(memory_freep) char *pem = cert_pem(cert);
    AUTO(portal_freep) struct portal *portal = NULL;
    struct err err = ERR_INIT;
    world_must(file_write_atomic(cert_path, span_text(pem), 0644, &err), &err);
    assert_null(open_maker(other->folder, ERR_FILE_MISSING));
    /* The portal makes a new one when it opens. */
    world_must(portal_open(other->folder, "test", &portal, &err), &err);
    world_must(portal_open_keys(portal, &err), &err);
    struct portal_seal_maker *maker = open_maker(other->folder, ERR_NONE);
    portal_seal_maker_free(maker);
    world_teardown(&other_state);
}

static void a_missing_half_is_said_so(void **state)
{
    void *other_state = NULL;
    assert_int_equal(world_setup(&other_state), 0);
    struct world *other = other_state;
    AUTO(memory_freep) char *key_path = file_join(other->folder, "ca/seal-maker.key");
    AUTO(memory_freep) char *cert_path = file_join(other->folder, "ca/seal-maker.pem");
    unlink(key_path);
    assert_null(open_maker(other->folder, ERR_FILE_MISSING));
    unlink(cert_path);
    assert_null(open_maker(other->folder, ERR_FILE_MISSING));
    world_teardown(&other_state);
}

static void another_ones_key_is_refused(void **state)
{
    void *other_state = NULL;
    assert_int_equal(world_setup(&other_state), 0);
    struct world *other = other_state;
    AUTO(memory_freep) char *key_path = file_join(other->folder, "ca/seal-maker.key");
    AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_new(CERT_SM2, 0);
    struct err err = ERR_INIT;
    world_must(portal_x509_write_key(key_path, key->key, &err), &err);
    assert_null(open_maker(other->folder, ERR_CONFIG));
    world_teardown(&other_state);
}

/* The issuing CA's end is 20 years ahead of its making. */
static void a_late_maker_ends_with_its_issuer(void **state)
{
    void *other_state = NULL;
    assert_int_equal(world_setup(&other_state), 0);
    struct world *other = other_state;
    AUTO(memory_freep) char *cert_path = file_join(other->folder, "ca/seal-maker.pem");
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(cert_freep) struct cert *cert = NULL;
    AUTO(cert_freep) struct cert *issuing = NULL;
    struct err err = ERR_INIT;
    clock_set_for_test(FIXTURE_NOW + (int64_t)15 * 365 * FIXTURE_DAY);
    world_must(portal_seal_maker_make(other->folder, "平台", other->portal->ca, &err), &err);
    world_must(portal_x509_read_der(cert_path, &der, &err), &err);
    world_must(cert_parse(span_bytes(der), &cert, &err), &err);
    world_must(cert_parse(portal_ca_issuing(other->portal->ca, CERT_SM2), &issuing, &err), &err);
    assert_true(cert_peek(cert)->not_after_utc == cert_peek(issuing)->not_after_utc);
    clock_set_for_test(FIXTURE_NOW);
    world_teardown(&other_state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_seals_verify_up_to_the_root),
        cmocka_unit_test(its_key_is_private_and_its_certificate_lasts),
        cmocka_unit_test(a_holder_can_not_pass_for_it),
        cmocka_unit_test(an_unmarked_one_of_before_is_as_if_it_were_missing),
        cmocka_unit_test(a_missing_half_is_said_so),
        cmocka_unit_test(another_ones_key_is_refused),
        cmocka_unit_test(a_late_maker_ends_with_its_issuer),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
