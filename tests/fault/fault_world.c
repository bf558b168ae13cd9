#include "tests/fault/fault_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/fault/fault_memory.h"
#include "tests/fault/fault_oracle.h"
#include "tests/fault/fault_scene.h"

#define END_MS 60000
#define PEM_BYTES_MAX 65536
/* Of one case, in both its processes. */
#define PINS_TYPED_MAX 20

void fault_must(enum err_code code, const struct err *err, const char *doing)
{
    if (code == ERR_NONE)
        return;
    fprintf(stderr, "%s: %s (%s)\n", doing, err_code_text(code), err->detail);
    exit(2);
}

/* ---- the person ---- */

static bool is_offer(const struct prompt_question *question)
{
    return strcmp(question->title, "修改初始密码") == 0;
}

static enum err_code give(const char *text, struct secret **out, struct err *err)
{
    bool before = fault_memory_elsewhere(true);
    enum err_code code = secret_new(PROMPT_PIN_BYTES_MAX, out, err);
    fault_memory_elsewhere(before);
    if (code != ERR_NONE)
        return code;
    memcpy(secret_room(*out), text, strlen(text));
    secret_set_length(*out, strlen(text));
    return ERR_NONE;
}

/* The PIN that was right the last time, and after a refusal the next one that it may be. NULL: too often. */
static const char *remember(struct fault_person *person, bool refused)
{
    pthread_mutex_lock(&person->lock);
    if (refused)
        person->at = person->pins[person->at + 1] != NULL ? person->at + 1 : 0;
    const char *pin =
        ++person->record->pins_typed > PINS_TYPED_MAX ? NULL : person->pins[person->at];
    pthread_mutex_unlock(&person->lock);
    return pin;
}

static enum err_code ask_pin(struct prompt *prompt, const struct prompt_question *question,
                             const struct cancel *cancel, struct secret **out, struct err *err)
{
    if (cancel_requested(cancel))
        return err_set(err, ERR_CANCELLED, "withdrawn");
    const char *pin = remember((struct fault_person *)prompt, question->error != NULL);
    return pin == NULL ? err_set(err, ERR_PROMPT_CANCELLED, "the person has had enough")
                       : give(pin, out, err);
}

static enum err_code ask_confirm(struct prompt *prompt, const struct prompt_question *question,
                                 const struct cancel *cancel, struct err *err)
{
    (void)prompt;
    if (cancel_requested(cancel))
        return err_set(err, ERR_CANCELLED, "withdrawn");
    return is_offer(question) ? err_set(err, ERR_PROMPT_CANCELLED, "said no") : ERR_NONE;
}

static enum err_code ask_new_pin(struct prompt *prompt, const struct prompt_new_pin *question,
                                 const struct cancel *cancel, struct secret **out, struct err *err)
{
    (void)question;
    struct fault_person *person = (struct fault_person *)prompt;
    if (cancel_requested(cancel))
        return err_set(err, ERR_CANCELLED, "withdrawn");
    if (person->changes_mind)
        return err_set(err, ERR_PROMPT_CANCELLED, "changed their mind");
    pthread_mutex_lock(&person->lock);
    const char *present = person->pins[person->at];
    pthread_mutex_unlock(&person->lock);
    return give(strcmp(present, FAULT_PIN_NEW) == 0 ? FAULT_PIN_THIRD : FAULT_PIN_NEW, out, err);
}

static const struct prompt_class prompt_class = {ask_pin, ask_confirm, ask_new_pin};

/* ---- the world ---- */

/* Key, portal and person. */
static void open_outside(struct fault_world *world)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *key = file_join(world->folder, "key.json");
    AUTO(memory_freep) char *other = file_join(world->folder, "other.json");
    AUTO(memory_freep) char *portal = file_join(world->folder, "portal");
    AUTO(memory_freep) char *roots = file_join(world->folder, "portal/ca/roots.pem");
    AUTO(bytes_freep) struct bytes *pem = NULL;
    fault_must(fault_card_open(&world->card, key, other, world->plan, &err), &err, "open the keys");
    fault_must(fault_platform_open(&world->platform, portal, world->plan, &err), &err,
               "open the portal");
    fault_must(file_read(roots, PEM_BYTES_MAX, &pem, &err), &err, "read the roots");
    fault_must(chain_roots_from_pem(span_bytes(pem), &world->roots, &err), &err, "read the roots");
    world->listed.roots = world->roots;
    world->person = (struct fault_person){.prompt = {&prompt_class},
                                          .lock = PTHREAD_MUTEX_INITIALIZER,
                                          .record = world->plan->record};
    memcpy(world->person.pins, world->scene->pins, sizeof world->person.pins);
    world->platform_faulty =
        world->plan->kind != NULL && world->plan->kind->place == FAULT_PLATFORM;
}

static void close_outside(struct fault_world *world)
{
    chain_roots_free(world->roots);
    fault_platform_close(&world->platform);
    fault_card_close(&world->card);
}

static enum err_code start_agent(struct fault_world *world, struct ops **out, struct err *err)
{
    AUTO(memory_freep) char *journal = file_join(world->journal_folder, "journal.db");
    const struct ops_options options = {
        .loop = world->loop,
        .source = &world->card.source,
        .remote = &world->platform.remote,
        .prompt = &world->person.prompt,
        .journal_file = journal,
        .platforms = &world->listed,
        .platform_count = 1,
        .due = {DUE_WINDOW_DAYS_DEFAULT, DUE_GRACE_DAYS_DEFAULT},
        .prompt_seconds = 10,
    };
    bool before = fault_memory_elsewhere(false);
    enum err_code code = ops_new(&options, out, err);
    fault_memory_elsewhere(before);
    return code;
}

/* ---- a second page, a second agent ---- */

/* It may well be refused. */
static void start_second_page(void *context)
{
    struct fault_world *world = context;
    struct err err = ERR_INIT;
    char id[OPS_ID_BYTES];
    AUTO(memory_freep)
    char *ticket =
        world->plan->nth % 2 == 0 ? fault_scene_ticket(world, &err) : memory_text(world->ticket);
    const struct ops_start start = {
        .kind = world->scene->kind,
        .ticket = ticket,
        .origin = FAULT_ORIGIN,
    };
    if (world->ops != NULL && ops_start(world->ops, &start, id, &err) == ERR_NONE)
        world->plan->record->second_page = true;
}

static void start_second_agent(void *context)
{
    struct fault_world *world = context;
    struct ops *second = NULL;
    struct err err = ERR_INIT;
    if (start_agent(world, &second, &err) != ERR_ALREADY_RUNNING)
        fault_lost(world->plan->record, "a second agent starts in the same folder: %s", err.detail);
    ops_freep(&second);
}

static void on_strike(void *context)
{
    struct fault_world *world = context;
    if (fault_is(world->plan, FAULT_SECOND_PAGE))
        loop_post(world->loop, start_second_page, world);
    if (fault_is(world->plan, FAULT_SECOND_AGENT))
        loop_post(world->loop, start_second_agent, world);
}

/* ---- coming and going ---- */

void fault_world_open(struct fault_world *world, const char *folder,
                      const struct fault_scene *scene, struct fault_plan *plan)
{
    struct err err = ERR_INIT;
    *world = (struct fault_world){
        .folder = folder, .journal_folder = folder, .scene = scene, .plan = plan};
    open_outside(world);
    fault_must(loop_new(&world->loop, &err), &err, "make a loop");
    plan->world = world;
    plan->on_strike = on_strike;
}

bool fault_world_start_agent(struct fault_world *world)
{
    struct err err = ERR_INIT;
    world->listed = (struct ops_platform){
        .id = "sunshine",
        .origin = FAULT_ORIGIN,
        .remote = {.name = "阳光采购服务平台"},
        .roots = world->roots,
    };
    if (start_agent(world, &world->ops, &err) != ERR_NONE)
        return false;
    ops_keys_changed(world->ops);
    return true;
}

void fault_world_stop_agent(struct fault_world *world)
{
    ops_freep(&world->ops);
}

void fault_world_close(struct fault_world *world)
{
    fault_world_stop_agent(world);
    loop_free(world->loop);
    free(world->ticket);
    close_outside(world);
}

void fault_world_move(struct fault_world *world, const char *folder,
                      const struct fault_scene *scene)
{
    uint64_t sequence = world->card.sequence;
    close_outside(world);
    world->folder = folder;
    world->scene = scene;
    open_outside(world);
    world->card.sequence = sequence + 1;
    ops_keys_changed(world->ops);
}

void fault_world_repair(struct fault_world *world)
{
    world->plan->kind = NULL;
    world->platform_faulty = false;
    fault_repair_clock(world->plan);
    fault_card_insert(&world->card);
    if (world->ops != NULL)
        ops_keys_changed(world->ops);
}

/* ---- running ---- */

static bool moves(const struct fault_world *world, const struct json *operation)
{
    static const char *const settled[] = {"done", "failed", "cancelled"};
    const char *state = json_text_of(json_member(operation, "state"));
    if (world->platform_faulty && strcmp(state, "unconfirmed") == 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(settled); i++)
        if (strcmp(state, settled[i]) == 0)
            return false;
    return true;
}

static bool is_busy(const struct fault_world *world)
{
    struct err err = ERR_INIT;
    bool busy = false;
    AUTO(json_freep) struct json *status = ops_status_json(world->ops);
    const struct json_field field = {"busy", JSON_BOOL, false, 0, &busy};
    fault_must(json_read(status, &field, 1, JSON_UNKNOWN_IGNORED, &err), &err, "busy");
    return busy;
}

/* A thread that has shown its end is about to be gone. */
static bool any_moves(const struct fault_world *world)
{
    AUTO(json_freep) struct json *list = ops_list_json(world->ops, NULL, LANG_ZH);
    bool unconfirmed = false;
    for (size_t i = 0; i < json_count(list); i++) {
        const char *state = json_text_of(json_member(json_item(list, i), "state"));
        unconfirmed = unconfirmed || strcmp(state, "unconfirmed") == 0;
        if (moves(world, json_item(list, i)))
            return true;
    }
    return !unconfirmed && is_busy(world);
}

/* A key that was pulled out comes back when somebody waits for it. */
static void bring_key_back(struct fault_world *world, const struct json *operation)
{
    const char *state = json_text_of(json_member(operation, "state"));
    if (!world->card.out || strcmp(state, "waiting-user") != 0)
        return;
    fault_card_insert(&world->card);
    ops_keys_changed(world->ops);
}

static void on_change(void *context, const struct ops_change *change)
{
    struct fault_world *world = context;
    AUTO(json_freep) struct json *operation = NULL;
    struct err err = ERR_INIT;
    if (change->event == OPS_OPERATION_CHANGED &&
        ops_operation_json(world->ops, change->id, NULL, LANG_ZH, &operation, &err) == ERR_NONE)
        bring_key_back(world, operation);
    if (world->runs && !any_moves(world))
        loop_stop(world->loop);
}

static void too_late(void *context)
{
    struct fault_world *world = context;
    fault_lost(world->plan->record, "an operation does not end");
    fprintf(stderr, "an operation does not end\n");
    exit(3);
}

static bool member_is_true(const struct json *operation, const char *name)
{
    struct err err = ERR_INIT;
    bool value = false;
    const struct json_field field = {name, JSON_BOOL, false, 0, &value};
    fault_must(json_read(operation, &field, 1, JSON_UNKNOWN_IGNORED, &err), &err, name);
    return value;
}

/* The newest, unless an older one of two pages has done it. */
static const struct json *that_counts(const struct fault_world *world, const struct json *list)
{
    bool two = world->plan->record->second_page;
    for (size_t i = 0; two && i < json_count(list); i++)
        if (strcmp(json_text_of(json_member(json_item(list, i), "state")), "done") == 0)
            return json_item(list, i);
    return json_item(list, 0);
}

static void note_end(struct fault_world *world)
{
    AUTO(json_freep) struct json *list = ops_list_json(world->ops, NULL, LANG_ZH);
    const struct json *newest = that_counts(world, list);
    const char *state = newest != NULL ? json_text_of(json_member(newest, "state")) : "none";
    const char *code =
        newest != NULL ? json_text_of(json_member(json_member(newest, "error"), "code")) : NULL;
    const char *id = newest != NULL ? json_text_of(json_member(newest, "id")) : "";
    snprintf(world->id, sizeof world->id, "%s", id);
    world->resumable = newest != NULL && member_is_true(newest, "resumable");
    world->key_changed = newest != NULL && member_is_true(newest, "key_changed");
    snprintf(world->state, sizeof world->state, "%s", state);
    snprintf(world->code, sizeof world->code, "%s", code != NULL ? code : "none");
}

static void run_loop(struct fault_world *world)
{
    struct err err = ERR_INIT;
    struct loop_timer *timer = loop_timer_new(world->loop, too_late, world);
    loop_timer_set(timer, deadline_in_ms(END_MS));
    world->runs = true;
    bool before = fault_memory_elsewhere(false);
    fault_must(loop_run(world->loop, &err), &err, "run the loop");
    fault_memory_elsewhere(before);
    world->runs = false;
    loop_timer_free(timer);
}

void fault_world_settle(struct fault_world *world)
{
    ops_observe(world->ops, on_change, world);
    while (any_moves(world)) {
        run_loop(world);
        loop_run_posted(world->loop); /* a second page may have been late */
    }
    loop_run_posted(world->loop);
    note_end(world);
}

/* Each operation is begun a second later than the one before. */
static void next_second(struct fault_world *world)
{
    fault_set_clock(world->plan, FAULT_NOW + (int64_t)++world->plan->record->operations);
}

void fault_world_go_on(struct fault_world *world)
{
    struct err err = ERR_INIT;
    if (!world->resumable) {
        fault_world_perform(world);
        return;
    }
    next_second(world);
    world->plan->record->resumed++;
    fault_oracle_content(world, world->plan->record->before);
    fault_must(ops_resume(world->ops, world->id, FAULT_ORIGIN, LANG_ZH, &err), &err, "go on");
    fault_world_settle(world);
}

void fault_world_log_in(struct fault_world *world)
{
    struct err err = ERR_INIT;
    const struct ops_start start = {.kind = "change-pin", .origin = FAULT_ORIGIN};
    world->person.changes_mind = true;
    fault_must(ops_start(world->ops, &start, world->id, &err), &err, "log in");
    fault_world_settle(world);
}

static enum err_code start(struct fault_world *world, struct err *err)
{
    free(world->ticket);
    world->ticket = fault_scene_ticket(world, err);
    if (err->code != ERR_NONE)
        return err->code;
    fault_oracle_content(world, world->plan->record->before);
    bool named = world->card.other == FAULT_OTHER_BESIDE && !world->unnamed;
    const struct ops_start start = {
        .kind = world->scene->kind,
        .ticket = world->ticket,
        .token = named ? world->scene->key->serial : NULL,
        .origin = FAULT_ORIGIN,
    };
    bool before = fault_memory_elsewhere(false);
    enum err_code code = ops_start(world->ops, &start, world->id, err);
    fault_memory_elsewhere(before);
    return code;
}

void fault_world_perform(struct fault_world *world)
{
    struct err err = ERR_INIT;
    next_second(world);
    if (start(world, &err) == ERR_NONE) {
        fault_world_settle(world);
        return;
    }
    snprintf(world->state, sizeof world->state, "refused");
    snprintf(world->code, sizeof world->code, "%s", err_code_text(err.code));
}

bool fault_world_refuses(struct fault_world *world)
{
    world->unnamed = world->card.other == FAULT_OTHER_BESIDE;
    fault_world_perform(world);
    world->unnamed = false;
    return !fault_world_done(world);
}

bool fault_world_done(const struct fault_world *world)
{
    return strcmp(world->state, "done") == 0;
}
