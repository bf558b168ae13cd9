#include "agent/trust/trust_user.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/agent/trust/fixture.h"

/* "browser path-below-home" of each, a line each. */
static char *places_of(const struct home *home)
{
    AUTO(trust_places_done) struct trust_places places = {0};
    char *text = memory_text("");
    trust_user_places(&home->user, &places);
    for (size_t i = 0; i < places.count; i++) {
        assert_int_equal(strncmp(places.at[i].path, home->folder, strlen(home->folder)), 0);
        char *longer = memory_printf("%s%s %s\n", text, places.at[i].browser,
                                     places.at[i].path + strlen(home->folder));
        free(text);
        text = longer;
    }
    return text;
}

#define FIREFOX "firefox /.mozilla/certificates\n"

static void test_the_database_that_chromium_will_use(void **state)
{
    static const struct {
        const char *made[3];
        const char *wanted;
    } cases[] = {
        {{NULL}, "chromium /.pki/nssdb\n" FIREFOX},
        {{".pki"}, "chromium /.pki/nssdb\n" FIREFOX},
        {{".local/share"}, "chromium /.pki/nssdb\n" FIREFOX},
        {{".local/share/pki/nssdb"}, "chromium /.local/share/pki/nssdb\n" FIREFOX},
        {{".pki", ".local/share/pki/nssdb"}, "chromium /.local/share/pki/nssdb\n" FIREFOX},
        {{".pki/nssdb"}, "chromium /.pki/nssdb\n" FIREFOX},
        {{".pki/nssdb", ".local/share/pki/nssdb"}, "chromium /.pki/nssdb\n" FIREFOX},
        {{"snap/chromium/current"},
         "chromium /.pki/nssdb\nchromium-snap /snap/chromium/current/.pki/nssdb\n" FIREFOX},
        {{"snap/chromium/current/.local/share/pki/nssdb", "snap/firefox"},
         "chromium /.pki/nssdb\n"
         "chromium-snap /snap/chromium/current/.local/share/pki/nssdb\n" FIREFOX
         "firefox-snap /snap/firefox/common/.mozilla/certificates\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        void *inner = NULL;
        home_start(&inner);
        struct home *home = inner;
        for (size_t k = 0; k < ARRAY_SIZE(cases[i].made) && cases[i].made[k] != NULL; k++)
            home_make_folder(home, cases[i].made[k]);
        AUTO(memory_freep) char *places = places_of(home);
        assert_string_equal(places, cases[i].wanted);
        home_stop(&inner);
    }
}

static void test_the_folder_that_the_variable_names(void **state)
{
    struct home *home = *state;
    home_make_folder(home, "data/pki/nssdb");
    home_make_folder(home, ".local/share/pki/nssdb");
    memory_freep(&home->user.data_home);
    home->user.data_home = home_path(home, "data");
    AUTO(memory_freep) char *places = places_of(home);
    assert_string_equal(places, "chromium /data/pki/nssdb\n" FIREFOX);
}

static void test_from_the_environment(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    AUTO(trust_user_done) struct trust_user user = {0};
    setenv("HOME", home->folder, 1);
    setenv("XDG_DATA_HOME", "/elsewhere", 1);
    setenv("XDG_CONFIG_HOME", "relative/is/ignored", 1);
    assert_int_equal(trust_user_from_environment(NULL, NULL, &user, &err), ERR_NONE);
    AUTO(memory_freep) char *config = home_path(home, ".config");
    assert_string_equal(user.home, home->folder);
    assert_string_equal(user.data_home, "/elsewhere");
    assert_string_equal(user.config_home, config);
    assert_string_equal(user.identity, "/elsewhere/ukeyd/identity");
    assert_string_equal(user.certutil.program, "/usr/bin/certutil");
    trust_user_done(&user);
    unsetenv("XDG_DATA_HOME");
    setenv("XDG_RUNTIME_DIR", "/run/somewhere", 1);
    assert_int_equal(trust_user_from_environment("/state", NULL, &user, &err), ERR_NONE);
    assert_string_equal(user.identity, "/state/identity");
    assert_string_equal(user.foreign[TRUST_FOREIGN_STATE], "/state");
    assert_string_equal(user.foreign[TRUST_FOREIGN_RUNTIME], "/run/somewhere/ukeyd");
}

static void test_a_home_of_somebody_else(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    struct trust_user user;
    unsetenv("HOME");
    assert_int_equal(trust_user_from_environment(NULL, NULL, &user, &err), ERR_USAGE);
    setenv("HOME", "relative", 1);
    assert_int_equal(trust_user_from_environment(NULL, NULL, &user, &err), ERR_USAGE);
    setenv("HOME", "/nonexistent", 1);
    assert_int_equal(trust_user_from_environment(NULL, NULL, &user, &err), ERR_FILE_MISSING);
    setenv("HOME", geteuid() == 0 ? home->folder : "/", 1);
    if (geteuid() == 0)
        assert_int_equal(chown(home->folder, 65534, 65534), 0);
    assert_int_equal(trust_user_from_environment(NULL, NULL, &user, &err), ERR_TRUST_HOME);
}

static void test_folders_of_the_agent(void **state)
{
    struct home *home = *state;
    AUTO(memory_freep) char *agent = home_path(home, "state");
    AUTO(memory_freep) char *link = home_path(home, "link");
    static const struct {
        const char *below;
        bool foreign;
    } cases[] = {
        {"state", true},          {"state/inner", true},         {"link/inner", true},
        {"stateful", false},      {"state/../home", false},      {"home", false},
        {"nowhere", false},       {"state/nowhere/inner", true}, {"link/nowhere", true},
        {"nowhere/state", false},
    };
    home_make_folder(home, "state/inner");
    home_make_folder(home, "stateful");
    home_make_folder(home, "home");
    assert_int_equal(symlink(agent, link), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *path = home_path(home, cases[i].below);
        assert_false(trust_user_is_foreign(&home->user, path));
        home->user.foreign[TRUST_FOREIGN_STATE] = home_path(home, "missing");
        home->user.foreign[TRUST_FOREIGN_RUNTIME] = memory_text(link);
        assert_int_equal(trust_user_is_foreign(&home->user, path), cases[i].foreign);
        memory_freep(&home->user.foreign[TRUST_FOREIGN_STATE]);
        memory_freep(&home->user.foreign[TRUST_FOREIGN_RUNTIME]);
    }
}

static void test_profiles_of_firefox(void **state)
{
    struct home *home = *state;
    AUTO(trust_profiles_done) struct trust_profiles profiles = {0};
    static const char *const folders[] = {".mozilla/firefox/old.default",
                                          ".config/mozilla/firefox/new.default",
                                          "snap/firefox/common/.mozilla/firefox/snap.default"};
    trust_user_profiles(&home->user, &profiles);
    assert_int_equal(profiles.count, 0);
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        AUTO(memory_freep) char *file = file_join(folders[i], "cert9.db");
        home_make_folder(home, folders[i]);
        home_write(home, file, "", 0600);
    }
    home_make_folder(home, ".mozilla/firefox/without a database");
    home_write(home, ".mozilla/firefox/profiles.ini", "", 0600);
    trust_user_profiles(&home->user, &profiles);
    assert_int_equal(profiles.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(profiles.at[i] + strlen(home->folder) + 1, folders[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_database_that_chromium_will_use),
        cmocka_unit_test_setup_teardown(test_the_folder_that_the_variable_names, home_start,
                                        home_stop),
        cmocka_unit_test_setup_teardown(test_from_the_environment, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_a_home_of_somebody_else, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_folders_of_the_agent, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_profiles_of_firefox, home_start, home_stop),
    };
    return cmocka_run_group_tests_name("agent/trust/trust_user", tests, NULL, NULL);
}
