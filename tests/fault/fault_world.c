#include "tests/fault/fault_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/fault/fault_scene.h"

#define END_MS 60000
#define PEM_BYTES_MAX 65536

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
    if (secret_new(PROMPT_PIN_BYTES_MAX, out, err) != ERR_NONE)
        return err->code;
    memcpy(secret_room(*out), text, strlen(text));
    secret_set_length(*out, strlen(text));
    return ERR_NONE;
}

/* Types the PIN that was right the last time, and after a refusal the next one that it may be. */
static enum err_code ask_pin(struct prompt *prompt, const struct prompt_question *question,
                             const struct cancel *cancel, struct secret **out, struct err *err)
{
    struct fault_person *person = (struct fault_person *)prompt;
    if (cancel_requested(cancel))
        return err_set(err, ERR_CANCELLED, "withdrawn");
    if (question->error != NULL)
        person->at = person->pins[person->at + 1] != NULL ? person->at + 1 : 0;
    person->record->pins_typed++;
    if (person->record->pins_typed > 20)
        return err_set(err, ERR_PROMPT_CANCELLED, "the person has had enough");
    return give(person->pins[person->at], out, err);
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
    const char *present = person->pins[person->at];
    return give(strcmp(present, FAULT_PIN_NEW) == 0 ? FAULT_PIN_THIRD : FAULT_PIN_NEW, out, err);
}

static const struct prompt_class prompt_class = {ask_pin, ask_confirm, ask_new_pin};

/* ---- the world ---- */

void fault_world_open(struct fault_world *world, const char *folder,
                      const struct fault_scene *scene, struct fault_plan *plan)
{
    struct err err = ERR_INIT;
    *world = (struct fault_world){.folder = folder, .scene = scene, .plan = plan};
    AUTO(memory_freep) char *key = file_join(folder, "key.json");
    AUTO(memory_freep) char *portal = file_join(folder, "portal");
    AUTO(memory_freep) char *roots = file_join(folder, "portal/ca/roots.pem");
    AUTO(bytes_freep) struct bytes *pem = NULL;
    fault_must(fault_card_open(&world->card, key, plan, &err), &err, "open the key");
    fault_must(fault_platform_open(&world->platform, portal, plan, &err), &err, "open the portal");
    fault_must(file_read(roots, PEM_BYTES_MAX, &pem, &err), &err, "read the roots");
    fault_must(chain_roots_from_pem(span_bytes(pem), &world->roots, &err), &err, "read the roots");
    fault_must(loop_new(&world->loop, &err), &err, "make a loop");
    world->person = (struct fault_person){{&prompt_class}, .record = plan->record};
    memcpy(world->person.pins, scene->pins, sizeof world->person.pins);
    world->platform_faulty = plan->kind != NULL && plan->kind->place == FAULT_PLATFORM;
}

bool fault_world_start_agent(struct fault_world *world)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *journal = file_join(world->folder, "journal.db");
    world->listed = (struct ops_platform){
        .id = "sunshine",
        .origin = FAULT_ORIGIN,
        .remote = {.name = "阳光采购服务平台"},
        .roots = world->roots,
    };
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
    if (ops_new(&options, &world->ops, &err) != ERR_NONE)
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
    chain_roots_free(world->roots);
    fault_platform_close(&world->platform);
    fault_card_close(&world->card);
}

void fault_world_repair(struct fault_world *world)
{
    world->plan->kind = NULL;
    world->platform_faulty = false;
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

static bool is_resumable(const struct json *operation)
{
    struct err err = ERR_INIT;
    bool resumable = false;
    const struct json_field field = {"resumable", JSON_BOOL, false, 0, &resumable};
    fault_must(json_read(operation, &field, 1, JSON_UNKNOWN_IGNORED, &err), &err, "resumable");
    return resumable;
}

static void note_end(struct fault_world *world)
{
    AUTO(json_freep) struct json *list = ops_list_json(world->ops, NULL, LANG_ZH);
    const struct json *newest = json_count(list) > 0 ? json_item(list, 0) : NULL;
    const char *state = newest != NULL ? json_text_of(json_member(newest, "state")) : "none";
    const char *code =
        newest != NULL ? json_text_of(json_member(json_member(newest, "error"), "code")) : NULL;
    const char *id = newest != NULL ? json_text_of(json_member(newest, "id")) : "";
    snprintf(world->id, sizeof world->id, "%s", id);
    world->resumable = newest != NULL && is_resumable(newest);
    snprintf(world->state, sizeof world->state, "%s", state);
    snprintf(world->code, sizeof world->code, "%s", code != NULL ? code : "none");
}

void fault_world_settle(struct fault_world *world)
{
    struct err err = ERR_INIT;
    ops_observe(world->ops, on_change, world);
    if (any_moves(world)) {
        struct loop_timer *timer = loop_timer_new(world->loop, too_late, world);
        loop_timer_set(timer, deadline_in_ms(END_MS));
        world->runs = true;
        fault_must(loop_run(world->loop, &err), &err, "run the loop");
        world->runs = false;
        loop_timer_free(timer);
    }
    loop_run_posted(world->loop);
    note_end(world);
}

void fault_world_go_on(struct fault_world *world)
{
    struct err err = ERR_INIT;
    if (!world->resumable) {
        fault_world_perform(world);
        return;
    }
    clock_set_for_test(FAULT_NOW + (int64_t)++world->plan->record->operations);
    world->plan->record->resumed++;
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

void fault_world_perform(struct fault_world *world)
{
    struct err err = ERR_INIT;
    clock_set_for_test(FAULT_NOW + (int64_t)++world->plan->record->operations);
    AUTO(memory_freep) char *ticket = fault_scene_ticket(world, &err);
    const struct ops_start start = {
        .kind = world->scene->kind,
        .ticket = ticket,
        .origin = FAULT_ORIGIN,
    };
    if (err.code != ERR_NONE || ops_start(world->ops, &start, world->id, &err) != ERR_NONE) {
        snprintf(world->state, sizeof world->state, "refused");
        snprintf(world->code, sizeof world->code, "%s", err_code_text(err.code));
        return;
    }
    fault_world_settle(world);
}

bool fault_world_done(const struct fault_world *world)
{
    return strcmp(world->state, "done") == 0;
}
