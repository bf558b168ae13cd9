#include "agent/ops/op_facts.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct op_facts full_facts(void)
{
    struct op_facts facts = {
        .container = "renew-0011223344556677",
        .container_is_ours = true,
        .kept_reason = ERR_TOKEN_CANNOT_REPLACE,
        .key_changed = true,
        .requested = true,
        .written = true,
        .seal_file = "seal-01020304",
        .old_seal_file = "seal",
        .old_seal_digest = {1, 2, 3},
        .old_seal_left = true,
        .has_pin_before = true,
        .pin_before = {-1, 3, true}, /* it does not say of how many */
        .pin_sent = true,
        .changed_earlier = true,
        .old_not_after_utc = 1000,
        .new_not_after_utc = 2000,
        .confirm_attempts = 7,
        .confirm_after_utc = 3000,
        .error = ERR_INIT,
    };
    facts.job = memory_new(sizeof *facts.job);
    *facts.job = (struct remote_job){
        .id = memory_text("job"),
        .secret = memory_text("secret"),
        .kind = memory_text("renew"),
        .challenge = bytes_new(span_text("0123456789abcdef")),
        .expires_utc = 77,
        .order = memory_text("20261122000001"),
        .holder = memory_text("测试1023"),
        .serial = memory_text("202109220303233"),
        .approved = true,
        .replace_key = true,
        .algorithm = memory_text("sm2"),
        .dual = true,
        .not_after_utc = 88,
    };
    facts.csr = bytes_new(span_text("csr"));
    facts.proof = bytes_new(span_text("proof"));
    facts.issued = memory_new(sizeof *facts.issued);
    facts.issued->sign_cert = bytes_new(span_text("sign"));
    facts.issued->encrypt_cert = bytes_new(span_text("encrypt"));
    facts.issued->envelope = bytes_new(span_text("envelope"));
    facts.issued->chain_count = 2;
    facts.issued->chain[0] = bytes_new(span_text("ca1"));
    facts.issued->chain[1] = bytes_new(span_text("ca2"));
    facts.old_sign_cert = bytes_new(span_text("old"));
    facts.confirmation_proof = bytes_new(span_text("confirmation"));
    memset(facts.written_digest, 0x5A, sizeof facts.written_digest);
    err_set(&facts.error, ERR_PIN_WRONG, "typed wrong");
    facts.error.tries_left = 3;
    return facts;
}

static char *to_text(const struct op_facts *facts)
{
    AUTO(json_freep) struct json *json = op_facts_to_json(facts);
    return json_print(json);
}

static void facts_come_back_as_they_were(void **state)
{
    (void)state;
    AUTO(op_facts_done) struct op_facts facts = full_facts();
    AUTO(op_facts_done) struct op_facts back = {0};
    AUTO(memory_freep) char *text = to_text(&facts);
    struct err err = ERR_INIT;
    assert_int_equal(op_facts_from_json(text, &back, &err), ERR_NONE);
    assert_string_equal(back.job->holder, "测试1023");
    assert_string_equal(back.job->secret, "secret");
    assert_int_equal(back.job->not_after_utc, 88);
    assert_string_equal(back.container, "renew-0011223344556677");
    assert_int_equal(back.issued->chain_count, 2);
    assert_true(span_equal(span_bytes(back.issued->chain[1]), span_text("ca2")));
    assert_memory_equal(back.written_digest, facts.written_digest, OP_DIGEST_BYTES);
    assert_string_equal(back.old_seal_file, "seal");
    assert_memory_equal(back.old_seal_digest, facts.old_seal_digest, OP_DIGEST_BYTES);
    assert_true(back.old_seal_left);
    assert_true(back.has_pin_before && back.pin_before.is_default);
    assert_int_equal(back.pin_before.tries_left, 3);
    assert_true(back.pin_sent && back.changed_earlier);
    assert_int_equal(back.pin_before.tries_max, -1);
    assert_int_equal(back.kept_reason, ERR_TOKEN_CANNOT_REPLACE);
    assert_int_equal(back.confirm_attempts, 7);
    assert_int_equal(back.confirm_after_utc, 3000);
    assert_int_equal(back.error.code, ERR_PIN_WRONG);
    assert_int_equal(back.error.tries_left, 3);
    assert_null(back.old_encrypt_cert);
    AUTO(memory_freep) char *again = to_text(&back);
    assert_string_equal(text, again);
}

static void a_secret_that_was_forgotten_is_journaled_no_more(void **state)
{
    (void)state;
    AUTO(op_facts_done) struct op_facts facts = full_facts();
    AUTO(op_facts_done) struct op_facts back = {0};
    op_facts_forget_secret(&facts);
    op_facts_forget_secret(&facts);
    AUTO(memory_freep) char *text = to_text(&facts);
    struct err err = ERR_INIT;
    assert_null(strstr(text, "secret"));
    assert_int_equal(op_facts_from_json(text, &back, &err), ERR_NONE);
    assert_null(back.job->secret);
    assert_string_equal(back.job->order, "20261122000001");
}

static void empty_facts_come_back_empty(void **state)
{
    (void)state;
    AUTO(op_facts_done) struct op_facts facts = {0};
    AUTO(op_facts_done) struct op_facts back = {0};
    AUTO(memory_freep) char *text = to_text(&facts);
    struct err err = ERR_INIT;
    assert_int_equal(op_facts_from_json(text, &back, &err), ERR_NONE);
    assert_null(back.job);
    assert_null(back.issued);
    assert_int_equal(back.error.code, ERR_NONE);
}

static void damaged_facts_are_refused_and_leave_nothing(void **state)
{
    (void)state;
    AUTO(op_facts_done) struct op_facts facts = full_facts();
    AUTO(memory_freep) char *text = to_text(&facts);
    /* Cut anywhere, it is never taken for whole. */
    for (size_t length = 0; length < strlen(text); length += 7) {
        AUTO(memory_freep) char *cut = memory_text(text);
        AUTO(op_facts_done) struct op_facts back = {0};
        struct err err = ERR_INIT;
        cut[length] = '\0';
        assert_int_equal(op_facts_from_json(cut, &back, &err), ERR_JOURNAL);
        assert_null(back.job);
        assert_null(back.csr);
    }
}

static void a_container_name_that_is_too_long_is_refused(void **state)
{
    (void)state;
    AUTO(op_facts_done) struct op_facts back = {0};
    AUTO(json_freep) struct json *json = op_facts_to_json(&back);
    char name[TOKEN_NAME_BYTES_MAX + 2];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    json_add_text(json, "container", name);
    AUTO(memory_freep) char *text = json_print(json);
    struct err err = ERR_INIT;
    assert_int_equal(op_facts_from_json(text, &back, &err), ERR_JOURNAL);
}

static void an_error_without_words_comes_back(void **state)
{
    (void)state;
    AUTO(op_facts_done) struct op_facts facts = {.error = {.code = ERR_PIN_WRONG, .tries_left = 2}};
    AUTO(op_facts_done) struct op_facts back = {0};
    AUTO(memory_freep) char *text = to_text(&facts);
    struct err err = ERR_INIT;
    assert_int_equal(op_facts_from_json(text, &back, &err), ERR_NONE);
    assert_int_equal(back.error.code, ERR_PIN_WRONG);
    assert_int_equal(back.error.tries_left, 2);
    assert_string_equal(back.error.detail, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_come_back_as_they_were),
        cmocka_unit_test(a_secret_that_was_forgotten_is_journaled_no_more),
        cmocka_unit_test(empty_facts_come_back_empty),
        cmocka_unit_test(damaged_facts_are_refused_and_leave_nothing),
        cmocka_unit_test(a_container_name_that_is_too_long_is_refused),
        cmocka_unit_test(an_error_without_words_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
