#include "portal/portal_key_manager.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/der.h"
#include "certs/envelope.h"
#include "certs/ossl.h"
#include "certs/public_key.h"
#include "world.h"

static struct world_key *key;
static char *order;

static int setup(void **state)
{
    if (world_setup(state) != 0)
        return -1;
    key = world_key_new(*state, CERT_SM2, true, 20);
    order = world_order(*state, key, true, true);
    return 0;
}

static int teardown(void **state)
{
    free(order);
    world_key_freep(&key);
    return world_teardown(state);
}

static enum err_code issue(struct world *world, struct bytes **public_key, struct bytes **envelope)
{
    struct err err = ERR_INIT;
    return portal_key_manager_issue(world->portal->key_manager, world->portal->db, order,
                                    span_bytes(key->sign->public_key), public_key, envelope, &err);
}

/* SM4-ECB without padding. */
static void sm4_ecb_decrypt(const uint8_t *session, const uint8_t *in, size_t length, uint8_t *out)
{
    AUTO(ossl_cipher_ctx_freep) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done = 0;
    assert_int_equal(EVP_DecryptInit_ex2(context, EVP_sm4_ecb(), session, NULL, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(context, 0), 1);
    assert_int_equal(EVP_DecryptUpdate(context, out, &done, in, (int)length), 1);
    assert_int_equal(done, (int)length);
}

static struct bytes *sm2_cipher(const struct envelope *envelope)
{
    AUTO(buf_done) struct buf inner = BUF_INIT(256);
    AUTO(buf_done) struct buf outer = BUF_INIT(256);
    der_add_unsigned(&inner, SPAN_ARRAY(envelope->c1_x));
    der_add_unsigned(&inner, SPAN_ARRAY(envelope->c1_y));
    der_add(&inner, DER_OCTET_STRING, SPAN_ARRAY(envelope->c3));
    der_add(&inner, DER_OCTET_STRING, SPAN_ARRAY(envelope->c2));
    der_add(&outer, DER_SEQUENCE, buf_span(&inner));
    return buf_bytes(&outer);
}

/* What the key does with the envelope gives the very key that is in escrow. */
static void the_envelope_opens_to_the_escrowed_key(void **state)
{
    struct world *world = *state;
    AUTO(bytes_freep) struct bytes *public_key = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(secret_freep) struct secret *escrowed = NULL;
    struct envelope envelope;
    struct err err = ERR_INIT;
    uint8_t session[32];
    uint8_t private[32];
    size_t length = sizeof session;
    assert_int_equal(issue(world, &public_key, &der), ERR_NONE);
    world_must(envelope_parse(span_bytes(der), &envelope, &err), &err);
    AUTO(bytes_freep) struct bytes *cipher = sm2_cipher(&envelope);
    AUTO(ossl_pkey_ctx_freep) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->sign->key, NULL);
    assert_int_equal(EVP_PKEY_decrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_decrypt(context, session, &length, cipher->at, cipher->len), 1);
    assert_int_equal(length, 16);
    sm4_ecb_decrypt(session, envelope.encrypted_private, 32, private);
    world_must(portal_key_manager_recover(world->portal->key_manager, world->portal->db,
                                          span_bytes(public_key), &escrowed, &err),
               &err);
    assert_true(span_equal(secret_peek(escrowed), SPAN_ARRAY(private)));
    struct span point = public_key_sm2_point(span_bytes(public_key));
    assert_true(span_equal(span_part(point, 0, 32), SPAN_ARRAY(envelope.public_x)));
    assert_true(span_equal(span_part(point, 32, 32), SPAN_ARRAY(envelope.public_y)));
}

static void no_key_stands_in_the_database_in_clear(void **state)
{
    struct world *world = *state;
    AUTO(bytes_freep) struct bytes *public_key = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(secret_freep) struct secret *escrowed = NULL;
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(issue(world, &public_key, &der), ERR_NONE);
    world_must(portal_key_manager_recover(world->portal->key_manager, world->portal->db,
                                          span_bytes(public_key), &escrowed, &err),
               &err);
    world_must(portal_db_query(world->portal->db,
                               "SELECT count(*) FROM escrow_key WHERE instr(ciphertext, ?) > 0",
                               PORTAL_VALUES(PORTAL_BLOB(secret_peek(escrowed))), &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    assert_int_equal(portal_query_integer(query, 0), 0);
}

static void a_changed_record_is_found(void **state)
{
    static const char *const changes[] = {
        "UPDATE escrow_key SET mac = zeroblob(32)",
        "UPDATE escrow_key SET iv = zeroblob(16)",
        "UPDATE escrow_key SET ciphertext = zeroblob(32)",
        "UPDATE escrow_key SET ciphertext = zeroblob(31)",
        "UPDATE escrow_key SET iv = x''",
        "UPDATE escrow_key SET public_key = cast(public_key || x'00' AS BLOB)",
    };
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
        AUTO(bytes_freep) struct bytes *public_key = NULL;
        AUTO(bytes_freep) struct bytes *der = NULL;
        struct err err = ERR_INIT;
        int64_t count = 0;
        world_must(portal_transaction_begin(&transaction, world->portal->db, &err), &err);
        assert_int_equal(issue(world, &public_key, &der), ERR_NONE);
        world_must(
            portal_key_manager_verify(world->portal->key_manager, world->portal->db, &count, &err),
            &err);
        assert_true(count > 0);
        world_must(portal_db_run(world->portal->db, changes[i], PORTAL_NO_VALUES, &err), &err);
        if (portal_key_manager_verify(world->portal->key_manager, world->portal->db, &count,
                                      &err) != ERR_CRYPTO)
            fail_msg("not found: %s", changes[i]);
    }
}

static void another_master_key_opens_nothing(void **state)
{
    struct world *world = *state;
    void *other_state = NULL;
    assert_int_equal(world_setup(&other_state), 0);
    struct world *other = other_state;
    AUTO(bytes_freep) struct bytes *public_key = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(secret_freep) struct secret *secret = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(issue(world, &public_key, &der), ERR_NONE);
    assert_int_equal(portal_key_manager_recover(other->portal->key_manager, world->portal->db,
                                                span_bytes(public_key), &secret, &err),
                     ERR_CRYPTO);
    assert_null(secret);
    world_teardown(&other_state);
}

static void a_key_that_was_never_made_is_not_there(void **state)
{
    struct world *world = *state;
    AUTO(secret_freep) struct secret *secret = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(portal_key_manager_recover(world->portal->key_manager, world->portal->db,
                                                span_bytes(key->sign->public_key), &secret, &err),
                     ERR_NO_SUCH_RECORD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_envelope_opens_to_the_escrowed_key),
        cmocka_unit_test(no_key_stands_in_the_database_in_clear),
        cmocka_unit_test(a_changed_record_is_found),
        cmocka_unit_test(another_master_key_opens_nothing),
        cmocka_unit_test(a_key_that_was_never_made_is_not_there),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
