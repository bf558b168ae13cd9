/* A small world for tests of operations: a loop, one virtual key "KEY1", a stand-in platform and a
 * stand-in person, all in the test's own process. */
#pragma once

#include "agent/ops/ops_setup.h"
#include "tests/unit/agent/ops/stand_in_keys.h"

#define OPS_WORLD_ORIGIN "https://portal.example"
#define OPS_WORLD_WAIT_MS 30000

struct ops_world {
    char *journal_file;
    struct loop *loop;
    struct stand_in_platform platform;
    struct stand_in_keys keys;
    struct stand_in_person person;
    struct ops_platform listed;
    struct ops *ops;
    char id[OPS_ID_BYTES];
    unsigned changes;
    unsigned dialogs; /* that were told as opened */
    enum ops_answer answer; /* to the one that was told as closed last */
    bool unlisted; /* ops_world_open: the platform is not among the configured ones */
    loop_fn on_waiting_user; /* run once, when the dialog is open */
    bool once;
};

/* For cmocka: *state is a struct ops_world *. */
int ops_world_set_up(void **state);
int ops_world_tear_down(void **state);
#define OPS_WORLD_TEST(name) \
    cmocka_unit_test_setup_teardown(name, ops_world_set_up, ops_world_tear_down)

/* Puts a key of this profile, of either family, in KEY1's place, and lets the platform issue what it takes. */
void ops_world_use(struct ops_world *world, const char *profile, bool rsa);
/* Opens the operations (again). */
void ops_world_open(struct ops_world *world);
/* Runs the loop until world->id is over; the operation as JSON, the caller's. */
struct json *ops_world_run_until_over(struct ops_world *world);
/* Starts an operation from the page and runs it to its end. */
struct json *ops_world_run(struct ops_world *world, const char *kind, const char *ticket);
/* Whether a thread of an operation is still there. */
bool ops_world_busy(const struct ops_world *world);
/* Members of an operation: its state, its error's code ("none" without one). */
const char *ops_world_state(const struct json *operation);
const char *ops_world_code(const struct json *operation);
/* PIN tries left on KEY1. */
int ops_world_tries_left(const struct ops_world *world);
/* KEY1, opened by the test itself; the caller closes it. */
struct token *ops_world_open_token(struct ops_world *world);
/* Asserts that nothing lasting on KEY1 differs from before (stand_in_keys_describe), PIN tries included. */
void ops_world_assert_unchanged(struct ops_world *world, const char *before);
