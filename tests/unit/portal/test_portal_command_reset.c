#include "portal/portal_command_reset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "command_runner.h"
#include "portal/portal_admin_pin.h"

static void set_policy(struct world *world, const char *approval)
{
    AUTO(memory_freep) char *command = memory_printf("reset|policy|--approval|%s", approval);
    AUTO(json_freep) struct json *set = command_json(world, command);
    AUTO(json_freep) struct json *shown = command_json(world, "reset|policy");
    assert_string_equal(command_text(set, "approval"), approval);
    assert_string_equal(command_text(shown, "approval"), approval);
}

/* A request by 王五; *out_state is the caller's. */
static int64_t add(struct world *world, const struct world_key *key, char **out_state)
{
    AUTO(memory_freep) char *add = memory_printf("reset|add|--serial|%s|--user|王五", key->serial);
    AUTO(json_freep) struct json *added = command_json(world, add);
    int64_t id = 0;
    const struct json_field field = {"id", JSON_INTEGER, false, 1000, &id};
    struct err err = ERR_INIT;
    world_must(json_read(added, &field, 1, JSON_UNKNOWN_IGNORED, &err), &err);
    *out_state = memory_text(command_text(added, "state"));
    return id;
}

static void a_request_is_approved_by_the_policy(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    AUTO(json_freep) struct json *policy = command_json(world, "reset|policy");
    AUTO(memory_freep) char *said = NULL;
    assert_string_equal(command_text(policy, "approval"), "automatic");
    add(world, key, &said);
    assert_string_equal(said, "approved");
    assert_int_equal(command_refused(world, "reset|policy|--approval|nobody"), ERR_USAGE);
}

static void a_request_goes_its_way(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    AUTO(memory_freep) char *said = NULL;
    set_policy(world, "reviewer");
    int64_t id = add(world, key, &said);
    assert_string_equal(said, "requested");
    AUTO(memory_freep) char *approve = memory_printf("reset|approve|--id|%d", (int)id);
    AUTO(memory_freep) char *reject = memory_printf("reset|reject|--id|%d|--reason|no", (int)id);
    AUTO(json_freep) struct json *approved = command_json(world, approve);
    assert_int_equal(command_refused(world, approve), ERR_RESET_STATE);
    assert_int_equal(command_refused(world, reject), ERR_RESET_STATE);
    assert_int_equal(command_refused(world, "reset|approve|--id|999"), ERR_NO_SUCH_RECORD);
    assert_int_equal(command_refused(world, "reset|approve|--id|x"), ERR_USAGE);
    AUTO(json_freep) struct json *list = command_json(world, "reset|list");
    const struct json *row = json_item(list, json_count(list) - 1);
    assert_string_equal(command_text(row, "serial"), key->serial);
    assert_string_equal(command_text(row, "user"), "王五");
    assert_string_equal(command_text(row, "state"), "approved");
    set_policy(world, "automatic");
}

static void a_request_is_rejected_with_a_reason(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    AUTO(memory_freep) char *said = NULL;
    set_policy(world, "reviewer");
    int64_t id = add(world, key, &said);
    AUTO(memory_freep) char *bare = memory_printf("reset|reject|--id|%d", (int)id);
    AUTO(memory_freep) char *reject = memory_printf("reset|reject|--id|%d|--reason|不符", (int)id);
    assert_int_equal(command_refused(world, bare), ERR_USAGE);
    AUTO(json_freep) struct json *rejected = command_json(world, reject);
    AUTO(json_freep) struct json *list = command_json(world, "reset|list");
    const struct json *row = json_item(list, json_count(list) - 1);
    assert_string_equal(command_text(row, "state"), "rejected");
    assert_string_equal(command_text(row, "reason"), "不符");
    set_policy(world, "automatic");
}

static void a_keys_administrator_pin_is_printed_before_it_is_registered(void **state)
{
    struct world *world = *state;
    AUTO(json_freep) struct json *first = command_json(world, "key|admin-pin|--serial|NEW1");
    AUTO(json_freep) struct json *again = command_json(world, "key|admin-pin|--serial|NEW1");
    AUTO(json_freep) struct json *other = command_json(world, "key|admin-pin|--serial|NEW2");
    const char *pin = command_text(first, "admin_pin");
    assert_int_equal(strlen(pin), PORTAL_ADMIN_PIN_CHARACTERS);
    assert_string_equal(pin, command_text(again, "admin_pin"));
    assert_string_not_equal(pin, command_text(other, "admin_pin"));
    assert_int_equal(command_refused(world, "key|admin-pin"), ERR_USAGE);
    assert_int_equal(command_refused(world, "key|admin-pin|--serial|"), ERR_FIELD_VALUE);
}

static void a_piv_tokens_secrets_are_printed_before_it_is_registered(void **state)
{
    static const struct {
        const char *algorithm;
        size_t digits;
    } cases[] = {{"3des", 48}, {"aes128", 32}, {"aes192", 48}, {"aes256", 64}};
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep)
        char *command =
            memory_printf("key|piv-secrets|--serial|NEW1|--algorithm|%s", cases[i].algorithm);
        AUTO(json_freep) struct json *first = command_json(world, command);
        AUTO(json_freep) struct json *again = command_json(world, command);
        const char *key = command_text(first, "management_key");
        assert_int_equal(strlen(key), cases[i].digits);
        assert_int_equal(strspn(key, "0123456789ABCDEF"), cases[i].digits);
        assert_string_equal(key, command_text(again, "management_key"));
        assert_string_equal(command_text(first, "algorithm"), cases[i].algorithm);
        assert_int_equal(strspn(command_text(first, "puk"), "0123456789"), 8);
        assert_int_equal(strlen(command_text(first, "puk")), 8);
    }
    assert_int_equal(command_refused(world, "key|piv-secrets|--serial|NEW1"), ERR_USAGE);
    assert_int_equal(command_refused(world, "key|piv-secrets|--serial|NEW1|--algorithm|des"),
                     ERR_USAGE);
    assert_int_equal(command_refused(world, "key|piv-secrets|--serial||--algorithm|3des"),
                     ERR_FIELD_VALUE);
}

static int64_t number(const struct json *json, const char *name)
{
    int64_t value = -1;
    const struct json_field field = {name, JSON_INTEGER, false, 1000, &value};
    struct err err = ERR_INIT;
    world_must(json_read(json, &field, 1, JSON_UNKNOWN_IGNORED, &err), &err);
    return value;
}

static void a_piv_tokens_versions_are_shown_and_set(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_piv_key_new(world, CERT_P256, 20);
    AUTO(memory_freep) char *look = memory_printf("key|piv-versions|--serial|%s", key->serial);
    AUTO(memory_freep) char *set = memory_printf("%s|--puk|2|--management|3", look);
    AUTO(memory_freep) char *far = memory_printf("%s|--puk|4", look);
    AUTO(memory_freep) char *zero = memory_printf("%s|--puk|0", look);
    AUTO(memory_freep) char *word = memory_printf("%s|--management|new", look);
    AUTO(memory_freep)
    char *print = memory_printf("key|piv-secrets|--algorithm|3des|--serial|%s", key->serial);
    AUTO(memory_freep) char *print_first = memory_printf("%s|--puk|1", print);
    AUTO(memory_freep) char *print_far = memory_printf("%s|--puk|3", print);
    AUTO(json_freep) struct json *first = command_json(world, print);
    AUTO(json_freep) struct json *shown = command_json(world, look);
    assert_int_equal(number(shown, "puk"), 1);
    assert_int_equal(number(shown, "management"), 1);
    AUTO(json_freep) struct json *after = command_json(world, set);
    assert_int_equal(number(after, "puk"), 2);
    assert_int_equal(number(after, "management"), 3);
    AUTO(json_freep) struct json *second = command_json(world, print);
    AUTO(json_freep) struct json *back = command_json(world, print_first);
    assert_string_not_equal(command_text(first, "puk"), command_text(second, "puk"));
    assert_string_not_equal(command_text(first, "management_key"),
                            command_text(second, "management_key"));
    assert_string_equal(command_text(first, "puk"), command_text(back, "puk"));
    assert_int_equal(command_refused(world, far), ERR_FIELD_VALUE);
    assert_int_equal(command_refused(world, zero), ERR_USAGE);
    assert_int_equal(command_refused(world, word), ERR_USAGE);
    assert_int_equal(command_refused(world, print_far), ERR_FIELD_VALUE);
    assert_int_equal(command_refused(world, "key|piv-versions"), ERR_USAGE);
    assert_int_equal(command_refused(world, "key|piv-versions|--serial|NONE"), ERR_NO_SUCH_RECORD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_approved_by_the_policy),
        cmocka_unit_test(a_request_goes_its_way),
        cmocka_unit_test(a_request_is_rejected_with_a_reason),
        cmocka_unit_test(a_keys_administrator_pin_is_printed_before_it_is_registered),
        cmocka_unit_test(a_piv_tokens_secrets_are_printed_before_it_is_registered),
        cmocka_unit_test(a_piv_tokens_versions_are_shown_and_set),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
