#include "portal/portal_commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/file.h"
#include "command_runner.h"

static char *write_cert(const struct world *world, const struct cert *cert, const char *name)
{
    AUTO(memory_freep) char *pem = cert_pem(cert);
    char *path = file_join(world->folder, name);
    struct err err = ERR_INIT;
    world_must(file_write_atomic(path, span_text(pem), 0600, &err), &err);
    return path;
}

static void register_key(struct world *world, const char *serial)
{
    AUTO(fixture_key_freep) struct fixture_key *pair = fixture_key_new(CERT_SM2, 0);
    AUTO(cert_freep) struct cert *sign = world_cert(world, pair, CERT_USAGE_SIGN, "王五", 20);
    AUTO(cert_freep) struct cert *encrypt = world_cert(world, pair, CERT_USAGE_ENCRYPT, "王五", 20);
    AUTO(memory_freep) char *sign_path = write_cert(world, sign, "sign.pem");
    AUTO(memory_freep) char *encrypt_path = write_cert(world, encrypt, "encrypt.pem");
    AUTO(memory_freep)
    char *command = memory_printf("key|add|--serial|%s|--organisation|" WORLD_ORGANISATION
                                  "|--holder|王五|--profile|gmt0017-2012|--sign-cert|%s|--encrypt-"
                                  "cert|%s|--number|2059867169",
                                  serial, sign_path, encrypt_path);
    json_free(command_json(world, command));
}

static char *add_order(struct world *world, const char *serial)
{
    AUTO(memory_freep) char *command = memory_printf("order|add|--serial|%s", serial);
    AUTO(json_freep) struct json *order = command_json(world, command);
    assert_string_equal(command_text(order, "state"), "编辑中");
    return memory_text(command_text(order, "order"));
}

static void an_order_goes_its_way(void **state)
{
    static const char *const steps[][2] = {
        {"pay", "编辑中"},    {"submit", "待审核"},    {"reject|--reason|资料不全", "审核不通过"},
        {"submit", "待审核"}, {"approve", "审核通过"},
    };
    struct world *world = *state;
    register_key(world, "C1");
    AUTO(memory_freep) char *number = add_order(world, "C1");
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        AUTO(memory_freep)
        char *command = memory_printf("order|%s|--order|%s", steps[i][0], number);
        AUTO(json_freep) struct json *order = command_json(world, command);
        assert_string_equal(command_text(order, "state"), steps[i][1]);
    }
    AUTO(memory_freep) char *show = memory_printf("order|show|--order|%s", number);
    AUTO(json_freep) struct json *shown = command_json(world, show);
    assert_int_equal(json_count(json_member(shown, "records")), ARRAY_SIZE(steps));
    AUTO(memory_freep) char *again = memory_printf("order|approve|--order|%s", number);
    assert_int_equal(command_refused(world, again), ERR_ORDER_STATE);
}

static void a_key_is_shown(void **state)
{
    struct world *world = *state;
    register_key(world, "C6");
    AUTO(json_freep) struct json *key = command_json(world, "key|show|--serial|C6");
    assert_string_equal(command_text(key, "serial"), "C6");
    assert_string_equal(command_text(key, "holder"), "王五");
    assert_string_equal(command_text(key, "organisation"), WORLD_ORGANISATION);
    assert_string_equal(command_text(key, "number"), "2059867169");
    assert_int_equal(command_refused(world, "key|show|--serial|C"), ERR_NO_SUCH_RECORD);
}

static void lists_are_arrays(void **state)
{
    static const char *const lists[] = {"organisation|list", "key|list", "order|list",
                                        "certificate|list", "audit|list"};
    struct world *world = *state;
    register_key(world, "C3");
    free(add_order(world, "C3"));
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        AUTO(json_freep) struct json *list = command_json(world, lists[i]);
        assert_true(json_count(list) > 0);
    }
    AUTO(json_freep) struct json *of_one = command_json(world, "certificate|list|--serial|C3");
    assert_int_equal(json_count(of_one), 2);
}

static void the_portal_looks_after_itself(void **state)
{
    struct world *world = *state;
    AUTO(json_freep) struct json *audit = command_json(world, "audit|verify");
    AUTO(json_freep) struct json *escrow = command_json(world, "escrow|verify");
    AUTO(json_freep) struct json *tls = command_json(world, "tls|renew|--host|localhost");
    AUTO(bytes_freep) struct bytes *crl = NULL;
    assert_int_equal(strlen(command_text(audit, "last_hash")), 64);
    assert_non_null(json_member(escrow, "keys"));
    assert_string_equal(command_text(tls, "host"), "localhost");
    assert_int_equal(command_run(world, "crl|--algorithm|rsa", &crl), ERR_NONE);
    assert_memory_equal(crl->at, "-----BEGIN X509 CRL-----", 24);
    assert_int_equal(command_refused(world, "init"), ERR_RECORD_EXISTS);
}

/* The policy's algorithm is that of the key unless it is said. */
static void a_piv_token_is_registered_and_ordered_for(void **state)
{
    static const struct {
        enum cert_algorithm algorithm;
        const char *serial, *said;
        const char *wanted;
    } cases[] = {{CERT_P256, "V1", "", "p256"},
                 {CERT_P384, "V2", "", "p384"},
                 {CERT_P256, "V3", "|--key|replace|--algorithm|p384", "p384"},
                 {CERT_RSA, "V4", "|--key|replace|--algorithm|p256", "p256"}};
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(fixture_key_freep)
        struct fixture_key *pair = fixture_key_new(cases[i].algorithm, 2048);
        AUTO(cert_freep) struct cert *sign = world_cert(world, pair, CERT_USAGE_SIGN, "王五", 20);
        AUTO(memory_freep) char *path = write_cert(world, sign, "single.pem");
        AUTO(memory_freep)
        char *add = memory_printf("key|add|--serial|%s|--organisation|" WORLD_ORGANISATION
                                  "|--holder|王五|--profile|piv|--sign-cert|%s",
                                  cases[i].serial, path);
        AUTO(memory_freep)
        char *command =
            memory_printf("order|add|--serial|%s|--single%s", cases[i].serial, cases[i].said);
        json_free(command_json(world, add));
        AUTO(json_freep) struct json *order = command_json(world, command);
        AUTO(memory_freep)
        char *show = memory_printf("order|show|--order|%s", command_text(order, "order"));
        AUTO(json_freep) struct json *shown = command_json(world, show);
        assert_string_equal(command_text(shown, "algorithm"), cases[i].wanted);
    }
    assert_int_equal(command_refused(world, "order|add|--serial|V1|--key|replace"), ERR_POLICY);
    AUTO(bytes_freep) struct bytes *crl = NULL;
    assert_int_equal(command_run(world, "crl|--algorithm|p256", &crl), ERR_NONE);
    assert_memory_equal(crl->at, "-----BEGIN X509 CRL-----", 24);
}

static void choices_are_checked(void **state)
{
    static const char *const wrong[] = {
        "crl|--algorithm|md5",
        "crl|--algorithm|p384",
        "order|add|--serial|C4|--algorithm|p521",
        "order|add|--serial|C4|--key|lose",
        "order|add|--serial|C4|--algorithm|dsa",
        "order|add|--serial|C4|--months|61",
        "run|--listen|nowhere",
    };
    struct world *world = *state;
    register_key(world, "C4");
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        if (command_refused(world, wrong[i]) != ERR_USAGE)
            fail_msg("not refused: %s", wrong[i]);
    assert_int_equal(
        command_refused(world, "order|add|--serial|C4|--key|replace|--algorithm|rsa2048"),
        ERR_POLICY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_goes_its_way),
        cmocka_unit_test(a_key_is_shown),
        cmocka_unit_test(lists_are_arrays),
        cmocka_unit_test(the_portal_looks_after_itself),
        cmocka_unit_test(a_piv_token_is_registered_and_ordered_for),
        cmocka_unit_test(choices_are_checked),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
