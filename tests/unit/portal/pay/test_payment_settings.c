#include "portal/pay/payment_settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "portal/pay/pay_key.h"
#include "portal/portal_audit.h"

/* A portal with a database in memory, and a service's public key. */
struct scene {
    struct portal portal;
    char folder[64];
    char *service_key, *ca;
};

static void must(enum err_code code, const struct err *err)
{
    if (code != ERR_NONE)
        fail_msg("%s: %s", err_code_text(code), err->detail);
}

static int open_scene(void **state)
{
    struct scene *scene = memory_new(sizeof *scene);
    struct err err = ERR_INIT;
    AUTO(pay_key_freep) struct pay_key *key = NULL;
    AUTO(memory_freep) char *pem = NULL;
    snprintf(scene->folder, sizeof scene->folder, "/tmp/ukey-pay-test-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    scene->portal.folder = memory_text(scene->folder);
    scene->portal.actor = memory_text("test");
    must(portal_db_open(":memory:", &scene->portal.db, &err), &err);
    AUTO(memory_freep) char *private = file_join(scene->folder, "service.key");
    scene->service_key = file_join(scene->folder, "service.pem");
    scene->ca = file_join(scene->folder, "ca.pem");
    must(pay_key_make(private, &err), &err);
    must(pay_key_read_private(private, &key, &err), &err);
    must(pay_key_public_pem(key, &pem, &err), &err);
    must(file_write_atomic(scene->service_key, span_text(pem), 0644, &err), &err);
    must(file_write_atomic(scene->ca, span_text("a CA"), 0644, &err), &err);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    static const char *const names[] = {"payment/merchant.key",
                                        "payment/service.pem",
                                        "payment/service-ca.pem",
                                        "payment",
                                        "service.key",
                                        "service.pem",
                                        "ca.pem",
                                        "."};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO(memory_freep) char *path = file_join(scene->folder, names[i]);
        (void)remove(i + 1 < ARRAY_SIZE(names) ? path : scene->folder);
    }
    portal_db_free(scene->portal.db);
    free(scene->portal.folder);
    free(scene->portal.actor);
    free(scene->service_key);
    free(scene->ca);
    free(scene);
    return 0;
}

static void a_portal_takes_no_payments_unasked(void **state)
{
    struct scene *scene = *state;
    struct payment_provider *provider = NULL;
    struct err err = ERR_INIT;
    must(payment_settings_open(&scene->portal, &provider, &err), &err);
    assert_null(provider);
}

static void what_was_configured_is_opened(void **state)
{
    struct scene *scene = *state;
    const struct payment_settings settings = {"sandbox", "https://pay.cn:8443", scene->service_key,
                                              scene->ca};
    AUTO(payment_settings_closep) struct payment_provider *provider = NULL;
    AUTO(memory_freep) char *ca = file_join(scene->folder, "payment/service-ca.pem");
    struct stat status;
    struct err err = ERR_INIT;
    must(payment_settings_configure(&scene->portal, &settings, &err), &err);
    must(payment_settings_open(&scene->portal, &provider, &err), &err);
    assert_string_equal(provider->name, "sandbox");
    assert_int_equal(stat(ca, &status), 0);
    /* without a CA of its own the system's count */
    const struct payment_settings public = {"sandbox", "https://pay.cn", scene->service_key, NULL};
    must(payment_settings_configure(&scene->portal, &public, &err), &err);
    assert_int_equal(stat(ca, &status), -1);
}

static void the_merchants_key_is_made_once_and_kept_private(void **state)
{
    struct scene *scene = *state;
    AUTO(memory_freep) char *first = NULL;
    AUTO(memory_freep) char *again = NULL;
    AUTO(memory_freep) char *path = file_join(scene->folder, "payment/merchant.key");
    struct portal_audit_state audit;
    struct stat status;
    struct err err = ERR_INIT;
    must(payment_settings_merchant_key(&scene->portal, &first, &err), &err);
    must(payment_settings_merchant_key(&scene->portal, &again, &err), &err);
    assert_string_equal(first, again);
    assert_non_null(strstr(first, "BEGIN PUBLIC KEY"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    must(portal_audit_verify(&scene->portal, &audit, &err), &err);
    assert_int_equal(audit.count, 1);
}

static void wrong_settings_change_nothing(void **state)
{
    struct scene *scene = *state;
    const struct {
        struct payment_settings settings;
        enum err_code code;
    } cases[] = {
        {{"alipay", "https://pay.cn", scene->service_key, NULL}, ERR_USAGE},
        {{"sandbox", "http://pay.cn", scene->service_key, NULL}, ERR_USAGE},
        {{"sandbox", "https://pay.cn/api", scene->service_key, NULL}, ERR_USAGE},
        {{"sandbox", "https://pay.cn", scene->ca, NULL}, ERR_CONFIG},
        {{"sandbox", "https://pay.cn", "/nowhere", NULL}, ERR_FILE_MISSING},
        {{"sandbox", "https://pay.cn", scene->service_key, "/nowhere"}, ERR_FILE_MISSING},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct payment_provider *provider = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(payment_settings_configure(&scene->portal, &cases[i].settings, &err),
                         cases[i].code);
        err = ERR_INIT;
        must(payment_settings_open(&scene->portal, &provider, &err), &err);
        assert_null(provider);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_portal_takes_no_payments_unasked, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(what_was_configured_is_opened, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(the_merchants_key_is_made_once_and_kept_private, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(wrong_settings_change_nothing, open_scene, close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
