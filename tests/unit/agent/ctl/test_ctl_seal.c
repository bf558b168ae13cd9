#include "agent/ctl/ctl_seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "tests/unit/agent/ctl/stand_in_agent.h"

#define SEAL(name) SEAL_SAMPLES "/seal/" name
#define ROOTS SEAL_SAMPLES "/seal_roots.pem"
#define SM2_HOLDER SEAL_SAMPLES "/seal_holder_sm2.pem"
#define RSA_HOLDER SEAL_SAMPLES "/seal_holder_rsa.pem"
#define THEN "2027-01-01T00:00:00Z"

static char folder[] = "/tmp/test_ctl_seal.XXXXXX";

/* Seals are a matter of files: there is no agent. */
static enum err_code run(enum err_code (*function)(struct ctl *, struct err *),
                         const struct ctl_options *options, char **out_text, struct err *err)
{
    struct ctl ctl = {.options = options};
    *err = ERR_INIT;
    return stand_in_agent_capture(function, &ctl, out_text, err);
}

static struct ctl_options words(const char *verb, const char *file)
{
    return (struct ctl_options){
        .lang = LANG_EN, .word_count = file == NULL ? 2 : 3, .words = {"seal", verb, file}};
}

static char *in_folder(const char *name)
{
    return memory_printf("%s/%s", folder, name);
}

static char *write_file(const char *name, struct span content)
{
    struct err err = ERR_INIT;
    char *path = in_folder(name);
    assert_int_equal(file_write_atomic(path, content, 0600, &err), ERR_NONE);
    return path;
}

static void a_seal_is_shown(void **state)
{
    struct ctl_options options = words("show", SEAL("v4-digests.esl"));
    AUTO(memory_freep) char *text = NULL;
    AUTO(memory_freep) char *json = NULL;
    AUTO(json_freep) struct json *parsed = NULL;
    struct err err;
    assert_int_equal(run(ctl_seal_show, &options, &text, &err), ERR_NONE);
    assert_memory_equal(text, "Seal: 阳光建设有限公司公章\n", 32);
    options.given = CTL_JSON;
    assert_int_equal(run(ctl_seal_show, &options, &json, &err), ERR_NONE);
    assert_int_equal(json_parse(span_text(json), 65536, &parsed, &err), ERR_NONE);
    assert_string_equal(json_text_of(json_member(parsed, "vendor")), "SealTest");
}

static void the_picture_is_written(void **state)
{
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A};
    AUTO(memory_freep) char *path = in_folder("picture.png");
    AUTO(memory_freep) char *nowhere = in_folder("nowhere/picture.png");
    AUTO(memory_freep) char *text = NULL;
    AUTO(memory_freep) char *nothing = NULL;
    AUTO(bytes_freep) struct bytes *picture = NULL;
    struct ctl_options options = words("show", SEAL("v1.esl"));
    struct err err;
    options.picture = path;
    assert_int_equal(run(ctl_seal_show, &options, &text, &err), ERR_NONE);
    assert_int_equal(file_read(path, 1000, &picture, &err), ERR_NONE);
    assert_int_equal(picture->len, 79);
    assert_memory_equal(picture->at, png, sizeof png);
    unlink(path);
    options.picture = nowhere;
    assert_int_equal(run(ctl_seal_show, &options, &nothing, &err), ERR_FILE);
    assert_string_equal(nothing, "");
}

/* ---- verify ---- */

struct verification {
    const char *file, *roots, *signer, *at;
    enum err_code code;
};

static void check(const struct verification *verification)
{
    struct ctl_options options = words("verify", verification->file);
    AUTO(memory_freep) char *text = NULL;
    struct err err;
    options.roots = verification->roots;
    options.signer = verification->signer;
    options.at = verification->at;
    if (run(ctl_seal_verify, &options, &text, &err) != verification->code)
        fail_msg("%s: %s (%s)", verification->file, err_code_text(err.code), err.detail);
    assert_int_equal(err.code == ERR_NONE, *text != '\0');
}

static void each_verification(void **state)
{
    static const struct verification cases[] = {
        {SEAL("v1.esl"), ROOTS, NULL, THEN, ERR_NONE},
        {SEAL("v1.esl"), ROOTS, SM2_HOLDER, THEN, ERR_NONE},
        {SEAL("v1-rsa.esl"), ROOTS, RSA_HOLDER, THEN, ERR_NONE},
        {SEAL("v4-digests.esl"), ROOTS, SM2_HOLDER, THEN, ERR_NONE},
        {SEAL("v5-time-stamp.esl"), ROOTS, SM2_HOLDER, THEN, ERR_NONE},
        {SEAL("v4-certificates.esl"), ROOTS, RSA_HOLDER, THEN, ERR_SEAL_HOLDER},
        {SEAL("v4-digests.esl"), ROOTS, NULL, "2026-11-30T23:59:59Z", ERR_SEAL_TIME},
        {SEAL("v4-digests.esl"), ROOTS, NULL, "2026-12-01T00:00:00Z", ERR_NONE},
        {SEAL("v4-digests.esl"), ROOTS, NULL, "2036-11-30T23:59:59Z", ERR_NONE},
        {SEAL("v4-digests.esl"), ROOTS, NULL, "2036-12-01T00:00:00Z", ERR_SEAL_TIME},
        {SEAL("v4-digests.esl"), ROOTS, NULL, "2099-01-01T00:00:00Z", ERR_SEAL_MAKER},
        {SEAL("v4-digests.esl"), ROOTS, NULL, "2027-01-01", ERR_USAGE},
        {SEAL("v4-digests.esl"), NULL, NULL, THEN, ERR_USAGE},
        {NULL, ROOTS, NULL, THEN, ERR_USAGE},
        {SEAL("missing.esl"), ROOTS, NULL, THEN, ERR_FILE_MISSING},
        {ROOTS, ROOTS, NULL, THEN, ERR_SEAL_FORMAT},
        {SEAL("v1.esl"), SEAL_SAMPLES "/missing.pem", NULL, THEN, ERR_FILE_MISSING},
        {SEAL("v1.esl"), SEAL("v1.esl"), NULL, THEN, ERR_CONFIG},
        {SEAL("v1.esl"), SM2_HOLDER, NULL, THEN, ERR_CERT_USAGE},
        {SEAL("v1.esl"), ROOTS, SEAL_SAMPLES "/missing.pem", THEN, ERR_FILE_MISSING},
        {SEAL("v1.esl"), ROOTS, SEAL("v1.esl"), THEN, ERR_DER},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i]);
}

static void a_changed_seal_is_refused(void **state)
{
    AUTO(bytes_freep) struct bytes *der = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(file_read(SEAL("v4-digests.esl"), 65535, &der, &err), ERR_NONE);
    der->at[60] ^= 1; /* in the name */
    AUTO(memory_freep) char *path = write_file("changed.esl", span_bytes(der));
    check(&(struct verification){path, ROOTS, SM2_HOLDER, THEN, ERR_SEAL_SIGNATURE});
    unlink(path);
}

static void without_a_time_it_is_now(void **state)
{
    clock_set_for_test(1798761600); /* 2027-01-01 */
    check(&(struct verification){SEAL("v1.esl"), ROOTS, NULL, NULL, ERR_NONE});
    clock_set_for_test(1764547200); /* 2025-12-01 */
    check(&(struct verification){SEAL("v1.esl"), ROOTS, NULL, NULL, ERR_SEAL_MAKER});
    clock_set_for_test(0);
}

/* The samples' maker has no mark: certs' own tests have makers with one. */
static void a_mark_can_be_asked_of_the_maker(void **state)
{
    struct ctl_options options = words("verify", SEAL("v1.esl"));
    AUTO(memory_freep) char *text = NULL;
    struct err err;
    options.roots = ROOTS;
    options.at = THEN;
    options.given = CTL_MARKED_MAKER;
    assert_int_equal(run(ctl_seal_verify, &options, &text, &err), ERR_SEAL_MAKER);
    assert_string_equal(text, "");
}

static void a_verdict_says_what_was_checked(void **state)
{
    static const char *const signers[] = {NULL, SM2_HOLDER};
    for (size_t i = 0; i < ARRAY_SIZE(signers); i++) {
        struct ctl_options options = words("verify", SEAL("v5.esl"));
        AUTO(memory_freep) char *text = NULL;
        AUTO(memory_freep) char *json = NULL;
        AUTO(json_freep) struct json *parsed = NULL;
        struct err err;
        options.roots = ROOTS;
        options.signer = signers[i];
        options.at = THEN;
        assert_int_equal(run(ctl_seal_verify, &options, &text, &err), ERR_NONE);
        assert_int_equal(strstr(text, "bound to this certificate") != NULL, i == 1);
        options.given = CTL_JSON;
        assert_int_equal(run(ctl_seal_verify, &options, &json, &err), ERR_NONE);
        assert_int_equal(json_parse(span_text(json), 65536, &parsed, &err), ERR_NONE);
        const struct json *seal = json_member(parsed, "seal");
        assert_string_equal(json_text_of(json_member(parsed, "at")), THEN);
        assert_string_equal(json_text_of(json_member(seal, "vendor")), "SealTest");
        AUTO(memory_freep) char *flags = json_print(parsed);
        assert_non_null(strstr(flags, "\"valid\":true"));
        assert_non_null(
            strstr(flags, i == 1 ? "\"signer_checked\":true" : "\"signer_checked\":false"));
    }
}

static int make_folder(void **state)
{
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seal_is_shown),
        cmocka_unit_test(the_picture_is_written),
        cmocka_unit_test(each_verification),
        cmocka_unit_test(a_changed_seal_is_refused),
        cmocka_unit_test(without_a_time_it_is_now),
        cmocka_unit_test(a_mark_can_be_asked_of_the_maker),
        cmocka_unit_test(a_verdict_says_what_was_checked),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
