#include "portal/portal_commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "world.h"

#define WORDS_MAX 32

/* What commands printed, read back. */
static struct bytes *captured(int fd)
{
    struct bytes *bytes = bytes_new_size((size_t)lseek(fd, 0, SEEK_END));
    assert_int_equal(pread(fd, bytes->at, bytes->len, 0), (ssize_t)bytes->len);
    return bytes;
}

static enum err_code run_words(int count, char **words, struct err *err)
{
    struct portal_arguments arguments;
    if (portal_cli_parse(portal_commands, portal_command_count, count, words, &arguments, err) !=
        ERR_NONE)
        return err->code;
    return arguments.command->run(&arguments, err);
}

/* Runs "COMMAND --folder F" and words, separated by '|', with standard output in a file. */
static enum err_code run(struct world *world, const char *command, struct bytes **out)
{
    AUTO(memory_freep)
    char *line = memory_printf("ukey-portal|--folder|%s|%s", world->folder, command);
    char *words[WORDS_MAX];
    char *rest = line;
    int count = 0;
    for (char *word; (word = strsep(&rest, "|")) != NULL;)
        words[count++] = word;
    FILE *file = tmpfile();
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    struct err err = ERR_INIT;
    enum err_code code = run_words(count, words, &err);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    *out = captured(fileno(file));
    fclose(file);
    return code;
}

static struct json *run_json(struct world *world, const char *command)
{
    AUTO(bytes_freep) struct bytes *out = NULL;
    struct json *json = NULL;
    struct err err = ERR_INIT;
    enum err_code code = run(world, command, &out);
    if (code != ERR_NONE || json_parse(span_bytes(out), 1 << 20, &json, &err) != ERR_NONE)
        fail_msg("%s: %s, %s", command, err_code_text(code), (const char *)out->at);
    return json;
}

static enum err_code refused(struct world *world, const char *command)
{
    AUTO(bytes_freep) struct bytes *out = NULL;
    enum err_code code = run(world, command, &out);
    assert_int_equal(out->len, 0);
    return code;
}

static const char *text_of(const struct json *json, const char *name)
{
    return json_text_of(json_member(json, name));
}

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
    json_free(run_json(world, command));
}

static char *add_order(struct world *world, const char *serial)
{
    AUTO(memory_freep) char *command = memory_printf("order|add|--serial|%s", serial);
    AUTO(json_freep) struct json *order = run_json(world, command);
    assert_string_equal(text_of(order, "state"), "编辑中");
    return memory_text(text_of(order, "order"));
}

static void an_order_goes_its_way(void **state)
{
    static const char *const steps[][2] = {
        {"pay", "编辑中"},    {"submit", "待审核"},    {"reject", "审核不通过"},
        {"submit", "待审核"}, {"approve", "审核通过"},
    };
    struct world *world = *state;
    register_key(world, "C1");
    AUTO(memory_freep) char *number = add_order(world, "C1");
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        AUTO(memory_freep)
        char *command = memory_printf("order|%s|--order|%s", steps[i][0], number);
        AUTO(json_freep) struct json *order = run_json(world, command);
        assert_string_equal(text_of(order, "state"), steps[i][1]);
    }
    AUTO(memory_freep) char *show = memory_printf("order|show|--order|%s", number);
    AUTO(json_freep) struct json *shown = run_json(world, show);
    assert_int_equal(json_count(json_member(shown, "records")), ARRAY_SIZE(steps));
    AUTO(memory_freep) char *again = memory_printf("order|approve|--order|%s", number);
    assert_int_equal(refused(world, again), ERR_ORDER_STATE);
}

static void a_ticket_is_for_an_order(void **state)
{
    struct world *world = *state;
    register_key(world, "C2");
    AUTO(memory_freep) char *number = add_order(world, "C2");
    AUTO(memory_freep) char *good = memory_printf("ticket|add|--order|%s|--kind|check", number);
    AUTO(memory_freep) char *bad = memory_printf("ticket|add|--order|%s|--kind|buy", number);
    AUTO(memory_freep)
    char *late = memory_printf("ticket|add|--order|%s|--kind|check|--ttl|99999", number);
    AUTO(json_freep) struct json *ticket = run_json(world, good);
    assert_int_equal(strlen(text_of(ticket, "ticket")), 64);
    assert_string_equal(text_of(ticket, "expires"), "2026-01-01T00:05:00Z");
    assert_int_equal(refused(world, bad), ERR_FIELD_VALUE);
    assert_int_equal(refused(world, late), ERR_USAGE);
    assert_int_equal(refused(world, "ticket|add|--order|1|--kind|check"), ERR_NO_SUCH_RECORD);
}

static void lists_are_arrays(void **state)
{
    static const char *const lists[] = {"organisation|list", "key|list", "order|list",
                                        "certificate|list", "audit|list"};
    struct world *world = *state;
    register_key(world, "C3");
    free(add_order(world, "C3"));
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        AUTO(json_freep) struct json *list = run_json(world, lists[i]);
        assert_true(json_count(list) > 0);
    }
    AUTO(json_freep) struct json *of_one = run_json(world, "certificate|list|--serial|C3");
    assert_int_equal(json_count(of_one), 2);
}

static void the_portal_looks_after_itself(void **state)
{
    struct world *world = *state;
    AUTO(json_freep) struct json *audit = run_json(world, "audit|verify");
    AUTO(json_freep) struct json *escrow = run_json(world, "escrow|verify");
    AUTO(json_freep) struct json *tls = run_json(world, "tls|renew|--host|localhost");
    AUTO(bytes_freep) struct bytes *crl = NULL;
    assert_int_equal(strlen(text_of(audit, "last_hash")), 64);
    assert_non_null(json_member(escrow, "keys"));
    assert_string_equal(text_of(tls, "host"), "localhost");
    assert_int_equal(run(world, "crl|--algorithm|rsa", &crl), ERR_NONE);
    assert_memory_equal(crl->at, "-----BEGIN X509 CRL-----", 24);
    assert_int_equal(refused(world, "init"), ERR_RECORD_EXISTS);
}

static void choices_are_checked(void **state)
{
    static const char *const wrong[] = {
        "crl|--algorithm|md5",
        "order|add|--serial|C4|--key|lose",
        "order|add|--serial|C4|--algorithm|dsa",
        "order|add|--serial|C4|--months|61",
        "run|--listen|nowhere",
    };
    struct world *world = *state;
    register_key(world, "C4");
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        if (refused(world, wrong[i]) != ERR_USAGE)
            fail_msg("not refused: %s", wrong[i]);
    assert_int_equal(refused(world, "order|add|--serial|C4|--key|replace|--algorithm|rsa2048"),
                     ERR_POLICY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_goes_its_way), cmocka_unit_test(a_ticket_is_for_an_order),
        cmocka_unit_test(lists_are_arrays),      cmocka_unit_test(the_portal_looks_after_itself),
        cmocka_unit_test(choices_are_checked),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
