/* The world of a case in a folder: one key ("key.json") and another bidder's ("other.json"), the portal ("portal"), the
 * journal of the agent ("journal.db"). The programs' own code runs in this process; a person answers dialogs. */
#pragma once

#include "agent/ops/ops_setup.h"
#include "tests/fault/fault_card.h"
#include "tests/fault/fault_platform.h"

#define FAULT_ORGANISATION "测试1023"
#define FAULT_NOW 1767225600 /* 2026-01-01T00:00:00Z */
#define FAULT_ORIGIN "https://portal.example"
/* Told apart from every other byte in the world. */
#define FAULT_PIN "gR7-2mXq"
#define FAULT_PIN_NEW "pL4=9vKd"
#define FAULT_PIN_THIRD "tB6#3nWs"
#define FAULT_PIN_INITIAL "123456"

struct fault_scene;

struct fault_person {
    struct prompt prompt;
    pthread_mutex_t lock; /* two pages may ask */
    const char
        *pins[4]; /* that may be the right one, in the order of trying; NULL behind the last */
    size_t at;
    bool changes_mind; /* cancels when asked for a new one */
    struct fault_record *record;
};

struct fault_world {
    const char *folder;
    const char *journal_folder; /* as folder, unless the agent outlives the world */
    const struct fault_scene *scene;
    struct fault_plan *plan;
    struct fault_card card;
    struct fault_platform platform;
    struct fault_person person;
    struct chain_roots *roots;
    struct ops_platform listed;
    struct loop *loop;
    struct ops *ops;
    bool runs; /* the loop does */
    bool platform_faulty; /* an operation that is not confirmed stays so */
    bool unnamed; /* which of two keys is meant is not said */
    char *ticket; /* of the newest operation */
    char id[OPS_ID_BYTES]; /* of the newest operation */
    char state[32]; /* its state, and its error's code */
    bool resumable;
    bool key_changed; /* as it says itself */
    char code[64];
};

/* Ends the process with what is wrong: nothing in a world fails but by plan. */
void fault_must(enum err_code code, const struct err *err, const char *doing);

/* Key and portal. plan and folder are borrowed. */
void fault_world_open(struct fault_world *world, const char *folder,
                      const struct fault_scene *scene, struct fault_plan *plan);
/* The agent; false when its journal can't be opened. */
bool fault_world_start_agent(struct fault_world *world);
void fault_world_stop_agent(struct fault_world *world);
void fault_world_close(struct fault_world *world);
/* The agent stays, between two operations; key and portal become those of another folder. */
void fault_world_move(struct fault_world *world, const char *folder,
                      const struct fault_scene *scene);

/* Runs until every operation is over, or only waits for the platform or for time to pass. */
void fault_world_settle(struct fault_world *world);
/* Starts the scene's operation with a fresh ticket and runs it so far. */
void fault_world_perform(struct fault_world *world);
/* The same when it must not succeed: with the other bidder's key in place of ours, or with both and none named. False
 * when it did. */
bool fault_world_refuses(struct fault_world *world);
/* Goes on with the newest operation where that is possible, else starts a new one. */
void fault_world_go_on(struct fault_world *world);
/* Has the person log in for something else: a PIN change that is cancelled after the log-in. */
void fault_world_log_in(struct fault_world *world);
/* Whether the newest operation is done. */
bool fault_world_done(const struct fault_world *world);
/* What repairs everything from outside: the key is in, the platform answers, the disk has room. */
void fault_world_repair(struct fault_world *world);
