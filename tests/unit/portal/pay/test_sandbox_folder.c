#include "portal/pay/sandbox_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "stand.h"

static void a_folder_is_made_once(void **state)
{
    const struct stand *stand = *state;
    struct err err = ERR_INIT;
    assert_int_equal(sandbox_folder_init(stand->folder, "127.0.0.1", &err), ERR_RECORD_EXISTS);
}

static void an_interrupted_init_is_done_again(void **state)
{
    const struct stand *stand = *state;
    AUTO(memory_freep) char *folder = stand_path(stand, "second");
    AUTO(memory_freep) char *public = stand_path(stand, "second/service.pem");
    struct err err = ERR_INIT;
    stand_must(sandbox_folder_init(folder, "127.0.0.1", &err), &err);
    assert_int_equal(unlink(public), 0);
    stand_must(sandbox_folder_init(folder, "127.0.0.1", &err), &err);
    assert_int_equal(access(public, F_OK), 0);
}

static void keys_and_merchant_are_read(void **state)
{
    const struct stand *stand = *state;
    AUTO(sandbox_folder_freep) struct sandbox_folder *folder = NULL;
    AUTO(memory_freep) char *key = stand_path(stand, "service.key");
    struct stat status;
    struct err err = ERR_INIT;
    stand_must(sandbox_folder_open(stand->folder, &folder, &err), &err);
    assert_string_equal(pay_key_id(folder->own_key), pay_key_id(stand->service));
    assert_string_equal(pay_key_id(folder->merchant_key), pay_key_id(stand->merchant));
    assert_string_equal(folder->payee, "阳光采购服务平台");
    assert_non_null(folder->merchant_ca_file);
    assert_int_equal(stat(key, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void nobody_is_trusted_unasked(void **state)
{
    const struct stand *stand = *state;
    AUTO(memory_freep) char *path = stand_path(stand, "lonely");
    AUTO(memory_freep) char *public = stand_path(stand, "merchant-public.pem");
    AUTO(memory_freep) char *wrong = stand_path(stand, "tls/ca.pem");
    AUTO(sandbox_folder_freep) struct sandbox_folder *folder = NULL;
    struct err err = ERR_INIT;
    stand_must(sandbox_folder_init(path, "127.0.0.1", &err), &err);
    assert_int_equal(sandbox_folder_open(path, &folder, &err), ERR_FILE_MISSING);
    assert_int_equal(sandbox_folder_trust(path, wrong, NULL, "x", &err), ERR_CONFIG);
    assert_int_equal(sandbox_folder_trust(path, public, NULL, "", &err), ERR_FIELD_VALUE);
    assert_int_equal(sandbox_folder_open(path, &folder, &err), ERR_FILE_MISSING);
    stand_must(sandbox_folder_trust(path, public, wrong, "x", &err), &err);
    stand_must(sandbox_folder_trust(path, public, NULL, "x", &err), &err);
    stand_must(sandbox_folder_open(path, &folder, &err), &err);
    assert_null(folder->merchant_ca_file);
}

static void notifications_behave_as_told(void **state)
{
    static const struct {
        const char *word;
        enum sandbox_notify notify;
    } words[] = {
        {"lost", SANDBOX_NOTIFY_LOST},
        {"late", SANDBOX_NOTIFY_LATE},
        {"doubled", SANDBOX_NOTIFY_DOUBLED},
        {"normal", SANDBOX_NOTIFY_NORMAL},
    };
    const struct stand *stand = *state;
    struct err err = ERR_INIT;
    assert_int_equal(sandbox_folder_notify(stand->folder), SANDBOX_NOTIFY_NORMAL);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        stand_must(sandbox_folder_set_notify(stand->folder, words[i].word, &err), &err);
        assert_int_equal(sandbox_folder_notify(stand->folder), words[i].notify);
    }
    assert_int_equal(sandbox_folder_set_notify(stand->folder, "never", &err), ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_made_once),
        cmocka_unit_test(an_interrupted_init_is_done_again),
        cmocka_unit_test(keys_and_merchant_are_read),
        cmocka_unit_test(nobody_is_trusted_unasked),
        cmocka_unit_test(notifications_behave_as_told),
    };
    return cmocka_run_group_tests(tests, stand_setup, stand_teardown);
}
