#include "portal/portal_admin_pin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "portal/portal_secret_file.h"
#include "world.h"

static struct secret *derive(const struct portal *portal, const char *serial)
{
    struct secret *pin = NULL;
    struct err err = ERR_INIT;
    world_must(portal_admin_pin_derive(portal, serial, &pin, &err), &err);
    return pin;
}

static struct portal *reopened(const struct world *world, enum err_code wanted)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    struct err err = ERR_INIT;
    world_must(portal_open(world->folder, "test", &portal, &err), &err);
    assert_int_equal(portal_admin_pin_open(portal, &err), wanted);
    return TAKE(portal);
}

static void it_is_printable_and_the_keys_own(void **state)
{
    static const char allowed[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    struct world *world = *state;
    AUTO(portal_freep) struct portal *later = reopened(world, ERR_NONE);
    AUTO(secret_freep) struct secret *pin = derive(world->portal, "S1");
    AUTO(secret_freep) struct secret *again = derive(later, "S1");
    AUTO(secret_freep) struct secret *other = derive(world->portal, "S2");
    struct span text = secret_peek(pin);
    assert_int_equal(text.len, PORTAL_ADMIN_PIN_CHARACTERS);
    for (size_t i = 0; i < text.len; i++)
        assert_true(memchr(allowed, text.at[i], sizeof allowed - 1) != NULL);
    assert_true(secret_equal(pin, again));
    assert_false(secret_equal(pin, other));
}

/* A change of the derivation would lock out every key that is in use. */
static void the_derivation_stays_what_it_is(void **state)
{
    static const uint8_t input[] = "pin-admin/v1\0"
                                   "202109220303233\0"
                                   "\0\0\0\1";
    static const char alphabet[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    struct portal *portal = world_bare();
    struct err err = ERR_INIT;
    world_must(secret_new(PORTAL_SECRET_BYTES, &portal->admin_pin_key, &err), &err);
    memset(secret_room(portal->admin_pin_key), 0x5A, PORTAL_SECRET_BYTES);
    secret_set_length(portal->admin_pin_key, PORTAL_SECRET_BYTES);
    AUTO(secret_freep) struct secret *pin = derive(portal, "202109220303233");
    uint8_t mac[32];
    size_t length = 0;
    struct span master = secret_peek(portal->admin_pin_key);
    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SM3", NULL, master.at, master.len, input,
                              sizeof input - 1, mac, sizeof mac, &length));
    for (size_t i = 0; i < PORTAL_ADMIN_PIN_CHARACTERS; i++)
        assert_int_equal(secret_peek(pin).at[i], alphabet[mac[i] & 31]);
    portal_free(portal);
}

static void serials_have_a_length(void **state)
{
    static const struct {
        int length;
        enum err_code code;
    } cases[] = {{0, ERR_FIELD_VALUE},
                 {1, ERR_NONE},
                 {PORTAL_SERIAL_BYTES_MAX, ERR_NONE},
                 {PORTAL_SERIAL_BYTES_MAX + 1, ERR_FIELD_VALUE}};
    const struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep)
        char *serial =
            memory_printf("%.*s", cases[i].length,
                          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                          "aaaaaaaaaaa");
        AUTO(secret_freep) struct secret *pin = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(portal_admin_pin_derive(world->portal, serial, &pin, &err), cases[i].code);
    }
}

static void showing_it_is_noted_without_it(void **state)
{
    struct world *world = *state;
    AUTO(secret_freep) struct secret *pin = NULL;
    struct err err = ERR_INIT;
    world_must(portal_admin_pin_show(world->portal, "NOTYET", &pin, &err), &err);
    assert_int_equal(world_count(world->portal,
                                 "SELECT count(*) FROM audit WHERE event = 'admin-pin.shown' "
                                 "AND subject = 'NOTYET' AND detail = ''"),
                     1);
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct span text = secret_peek(pin);
    AUTO(memory_freep) char *copy = memory_printf("%.*s", (int)text.len, (const char *)text.at);
    world_must(portal_db_query(world->portal->db,
                               "SELECT count(*) FROM audit WHERE instr(detail || subject, ?)",
                               PORTAL_VALUES(PORTAL_TEXT(copy)), &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    assert_int_equal(portal_query_integer(query, 0), 0);
}

static void the_master_secret_is_private(void **state)
{
    const struct world *world = *state;
    AUTO(memory_freep) char *path = file_join(world->folder, "secrets/admin-pin.key");
    AUTO(memory_freep) char *folder = file_join(world->folder, "secrets");
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
}

/* A new secret would mean wrong PINs for every key: tries that can't be had back. */
static void a_lost_or_swapped_secret_is_refused_and_never_made_anew(void **state)
{
    void *other_state = NULL;
    assert_int_equal(world_setup(&other_state), 0);
    struct world *other = other_state;
    AUTO(memory_freep) char *path = file_join(other->folder, "secrets/admin-pin.key");
    struct err err = ERR_INIT;
    unlink(path);
    portal_free(reopened(other, ERR_FILE_MISSING));
    assert_int_equal(access(path, F_OK), -1);
    world_must(portal_secret_file_make(path, &err), &err);
    portal_free(reopened(other, ERR_CONFIG));
    world_teardown(&other_state);
}

static void a_folder_of_before_gets_its_secret(void **state)
{
    void *other_state = NULL;
    assert_int_equal(world_setup(&other_state), 0);
    struct world *other = other_state;
    AUTO(memory_freep) char *path = file_join(other->folder, "secrets/admin-pin.key");
    AUTO(memory_freep) char *folder = file_join(other->folder, "secrets");
    struct err err = ERR_INIT;
    unlink(path);
    rmdir(folder);
    world_must(portal_db_run(other->portal->db,
                             "DELETE FROM setting WHERE name = 'admin_pin_check'", PORTAL_NO_VALUES,
                             &err),
               &err);
    AUTO(portal_freep) struct portal *first = reopened(other, ERR_NONE);
    AUTO(portal_freep) struct portal *second = reopened(other, ERR_NONE);
    assert_true(secret_equal(first->admin_pin_key, second->admin_pin_key));
    assert_false(secret_equal(first->admin_pin_key, other->portal->admin_pin_key));
    world_teardown(&other_state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_printable_and_the_keys_own),
        cmocka_unit_test(the_derivation_stays_what_it_is),
        cmocka_unit_test(serials_have_a_length),
        cmocka_unit_test(showing_it_is_noted_without_it),
        cmocka_unit_test(the_master_secret_is_private),
        cmocka_unit_test(a_lost_or_swapped_secret_is_refused_and_never_made_anew),
        cmocka_unit_test(a_folder_of_before_gets_its_secret),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
