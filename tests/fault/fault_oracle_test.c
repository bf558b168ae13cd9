/* The oracle itself: for each thing that it must see, a world in which an operation has succeeded and in which then
 * just that is spoiled. TAP. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "portal/portal_db.h"
#include "tests/fault/fault_case.h"
#include "tests/fault/fault_folder.h"
#include "tests/fault/fault_oracle.h"
#include "tests/fault/fault_spoil_piv.h"
#include "token/virtual/virtual_personal.h"

/* The key as its maker could change it. */
static struct virtual_application *application_of(const struct fault_world *world)
{
    return virtual_card_objects(world->card.card)->applications[0];
}

static struct virtual_container *newest_container(const struct fault_world *world)
{
    struct virtual_application *application = application_of(world);
    return application->containers[application->container_count - 1];
}

static void change_portal(struct fault_world *world, const char *sql)
{
    struct err err = ERR_INIT;
    fault_must(portal_db_run(world->platform.portal->db, sql, PORTAL_NO_VALUES, &err), &err, sql);
}

static void append(const struct fault_world *world, const char *name, const char *text)
{
    AUTO(memory_freep) char *path = file_join(world->folder, name);
    AUTO(file_closep) int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        abort();
}

/* ---- what is spoiled ---- */

static void nothing(struct fault_world *world)
{
    (void)world;
}

static void another_certificate(struct fault_world *world)
{
    struct virtual_slot *slots = newest_container(world)->slots;
    virtual_objects_set_certificate(&slots[VIRTUAL_SLOT_SIGN],
                                    span_bytes(slots[VIRTUAL_SLOT_ENCRYPT].certificate));
}

static void an_old_encryption_certificate(struct fault_world *world)
{
    struct virtual_container *old = application_of(world)->containers[0];
    virtual_objects_set_certificate(&newest_container(world)->slots[VIRTUAL_SLOT_ENCRYPT],
                                    span_bytes(old->slots[VIRTUAL_SLOT_ENCRYPT].certificate));
}

static void the_new_key_is_gone(struct fault_world *world)
{
    virtual_objects_remove_container(application_of(world), newest_container(world));
}

static void the_old_key_is_gone(struct fault_world *world)
{
    virtual_objects_remove_container(application_of(world), application_of(world)->containers[0]);
}

static void a_user_try(struct fault_world *world)
{
    application_of(world)->pins[VIRTUAL_PIN_USER].left--;
}

static void an_administrator_try(struct fault_world *world)
{
    application_of(world)->pins[VIRTUAL_PIN_ADMIN].left--;
}

static void another_pin(struct fault_world *world)
{
    virtual_pin_change(&application_of(world)->pins[VIRTUAL_PIN_USER], span_text("87654321"));
}

static void another_administrator_pin(struct fault_world *world)
{
    virtual_pin_change(&application_of(world)->pins[VIRTUAL_PIN_ADMIN], span_text("87654321"));
}

static void one_more_container(struct fault_world *world)
{
    struct virtual_name name;
    if (!virtual_objects_set_name(&name, span_text("left"), VIRTUAL_NAME_BYTES_MAX))
        abort();
    virtual_objects_add_container(application_of(world), &name);
}

static void one_more_file_on_the_key(struct fault_world *world)
{
    struct virtual_name name;
    if (!virtual_objects_set_name(&name, span_text("left"), VIRTUAL_NAME_BYTES_MAX))
        abort();
    virtual_objects_add_file(application_of(world), &name, bytes_new(span_text("half")));
}

static void a_temporary_file(struct fault_world *world)
{
    append(world, "journal.db.new", "{}");
}

static void an_issue_that_failed(struct fault_world *world)
{
    change_portal(world, "UPDATE issue SET state = 'failed'");
}

static void a_second_issue(struct fault_world *world)
{
    change_portal(world, "DROP INDEX issue_live");
    change_portal(world, "DROP INDEX issue_of_public_key");
    change_portal(world, "INSERT INTO issue (order_number, job_id, public_key_sha256, state, "
                         "created_utc, changed_utc) SELECT order_number, job_id, "
                         "public_key_sha256, state, created_utc, changed_utc FROM issue");
}

static void an_open_issue(struct fault_world *world)
{
    a_second_issue(world);
    change_portal(world, "UPDATE issue SET state = 'issued' "
                         "WHERE rowid = (SELECT max(rowid) FROM issue)");
}

/* One after the other, since only one of a usage may be in force. */
static void the_old_certificates_in_force(struct fault_world *world)
{
    change_portal(world, "UPDATE certificate SET status = 'issued' WHERE status = 'active'");
    change_portal(world, "UPDATE certificate SET status = 'active' WHERE status = 'revoked'");
    change_portal(world, "UPDATE certificate SET status = 'revoked' WHERE status = 'issued'");
}

static void a_certificate_on_its_way(struct fault_world *world)
{
    change_portal(world, "UPDATE certificate SET status = 'issued' "
                         "WHERE status = 'active' AND usage = 'encrypt'");
}

static void an_order_that_is_edited(struct fault_world *world)
{
    change_portal(world, "UPDATE renewal_order SET state = '编辑中'");
}

static void a_pin_in_the_journal(struct fault_world *world)
{
    append(world, "journal.db", FAULT_PIN);
}

static void a_new_pin_in_the_journal(struct fault_world *world)
{
    append(world, "journal.db", FAULT_PIN_NEW);
}

static void a_spoiled_seal(struct fault_world *world)
{
    struct bytes *content = application_of(world)->files[0]->content;
    content->at[content->len - 1] ^= 1;
}

static void another_bidders_key(struct fault_world *world)
{
    struct virtual_application *application =
        virtual_card_objects(world->card.other_card)->applications[0];
    application->pins[VIRTUAL_PIN_USER].left--;
}

/* Below the new one, as it was. */
static void the_old_seal_too(struct fault_world *world)
{
    one_more_file_on_the_key(world);
    struct virtual_application *application = application_of(world);
    struct virtual_file *newest = application->files[0];
    application->files[0] = application->files[1];
    application->files[1] = newest;
}

static void a_seal_on_its_way(struct fault_world *world)
{
    change_portal(world, "UPDATE seal SET state = 'issued' WHERE state = 'superseded'");
}

static void a_reset_that_is_not_done(struct fault_world *world)
{
    change_portal(world, "UPDATE reset_request SET state = 'approved'");
}

static const struct sabotage {
    const char *scene;
    const char *name;
    void (*spoil)(struct fault_world *world);
    const char *seen; /* a part of what the oracle says; NULL: it says nothing */
} sabotages[] = {
    {"renew-replaced-sm2", "nothing", nothing, NULL},
    {"renew-replaced-sm2", "another_certificate", another_certificate, "no usable pair"},
    {"renew-replaced-sm2", "an_old_encryption_certificate", an_old_encryption_certificate,
     "encryption certificate on the key"},
    {"renew-replaced-sm2", "the_new_key_is_gone", the_new_key_is_gone, "no usable pair"},
    {"renew-replaced-sm2", "the_old_key_is_gone", the_old_key_is_gone, "can't be deciphered"},
    {"renew-replaced-sm2", "a_user_try", a_user_try, "user's tries"},
    {"renew-replaced-sm2", "an_administrator_try", an_administrator_try, "administrator's tries"},
    {"renew-replaced-sm2", "another_pin", another_pin, "nobody knows"},
    {"renew-replaced-sm2", "another_administrator_pin", another_administrator_pin,
     "administrator PIN"},
    {"renew-replaced-sm2", "another_bidders_key", another_bidders_key, "another bidder's key"},
    {"renew-replaced-sm2", "one_more_container", one_more_container, "containers"},
    {"renew-replaced-sm2", "one_more_file_on_the_key", one_more_file_on_the_key,
     "files on the key"},
    {"renew-replaced-sm2", "a_temporary_file", a_temporary_file, "a file was left"},
    {"renew-replaced-sm2", "an_open_issue", an_open_issue, "open issues"},
    {"renew-replaced-sm2", "an_issue_that_failed", an_issue_that_failed, "confirmed issues"},
    {"renew-replaced-sm2", "a_second_issue", a_second_issue, "confirmed issues"},
    {"renew-replaced-sm2", "a_certificate_on_its_way", a_certificate_on_its_way,
     "neither in force nor revoked"},
    {"renew-replaced-sm2", "the_old_certificates_in_force", the_old_certificates_in_force,
     "not the key's present one"},
    {"renew-replaced-sm2", "an_order_that_is_edited", an_order_that_is_edited, "orders"},
    {"renew-replaced-sm2", "a_pin_in_the_journal", a_pin_in_the_journal, "a PIN is in"},
    {"extend-seal", "nothing", nothing, NULL},
    {"extend-seal", "a_spoiled_seal", a_spoiled_seal, "the seal does not verify"},
    {"extend-seal", "the_old_seal_too", the_old_seal_too, "files on the key"},
    {"extend-seal", "a_seal_on_its_way", a_seal_on_its_way, "seals that are not"},
    {"reset-pin", "nothing", nothing, NULL},
    {"reset-pin", "another_pin", another_pin, "nobody knows"},
    {"reset-pin", "a_reset_that_is_not_done", a_reset_that_is_not_done, "resets"},
    {"renew-replaced-piv", "nothing", nothing, NULL},
    {"renew-replaced-piv", "a_pair_over_the_one_in_use", fault_spoil_piv_key_in_use,
     "no usable pair"},
    {"renew-replaced-piv", "no_certificate", fault_spoil_piv_certificate_in_use, "no usable pair"},
    {"renew-replaced-piv", "the_new_pair_where_nobody_looks", fault_spoil_piv_place,
     "where programs look"},
    {"renew-replaced-piv", "the_old_key_is_gone", fault_spoil_piv_old_key, "can't be deciphered"},
    {"renew-replaced-piv", "the_old_certificate_is_gone", fault_spoil_piv_old_certificate,
     "key history"},
    {"renew-replaced-piv", "a_certificate_without_key", fault_spoil_piv_certificate_of_another,
     "of another key"},
    {"renew-replaced-piv", "a_history_without_keys", fault_spoil_piv_history, "key history"},
    {"renew-replaced-piv", "one_pair_more", fault_spoil_piv_one_pair_more, "containers"},
    {"renew-replaced-piv", "a_user_try", fault_spoil_piv_pin_try, "user's tries"},
    {"renew-replaced-piv", "puk_tries", fault_spoil_piv_puk_try, "administrator's tries"},
    {"renew-replaced-piv", "another_pin", fault_spoil_piv_pin, "nobody knows"},
    {"renew-replaced-piv", "another_puk", fault_spoil_piv_other_puk, "PUK is none"},
    {"renew-replaced-piv", "another_management_key", fault_spoil_piv_management_key,
     "management key"},
    {"renew-kept-piv", "nothing", nothing, NULL},
    {"renew-kept-piv", "a_pair_over_the_one_in_use", fault_spoil_piv_key_in_use, "no usable pair"},
    {"extend-seal-piv", "nothing", nothing, NULL},
    {"extend-seal-piv", "a_spoiled_seal", fault_spoil_piv_seal, "the seal does not verify"},
    {"reset-pin-piv", "nothing", nothing, NULL},
    {"reset-pin-piv", "another_pin", fault_spoil_piv_pin, "nobody knows"},
    {"reset-pin-piv", "the_old_puk", fault_spoil_piv_first_puk, "PUK is none"},
    {"reset-pin-piv", "puk_tries", fault_spoil_piv_puk_try, "administrator's tries"},
    {"change-pin-piv", "nothing", nothing, NULL},
    {"change-pin-piv", "another_pin", fault_spoil_piv_pin, "nobody knows"},
    {"change-pin", "nothing", nothing, NULL},
    {"change-pin", "another_pin", another_pin, "nobody knows"},
    {"change-pin", "a_new_pin_in_the_journal", a_new_pin_in_the_journal, "a new PIN is in"},
};

/* ---- one of them ---- */

static void perform(const struct fault_scene *scene, const char *folder, struct fault_plan *plan,
                    const struct sabotage *sabotage)
{
    struct fault_world world;
    clock_set_for_test(FAULT_NOW);
    fault_world_open(&world, folder, scene, plan);
    if (!fault_world_start_agent(&world))
        abort();
    fault_world_perform(&world);
    if (!fault_world_done(&world))
        abort();
    fault_world_stop_agent(&world);
    sabotage->spoil(&world);
    fault_oracle_end(&world);
    fault_oracle_journal(&world);
    fault_world_close(&world);
}

/* What the oracle has said is what it should. */
static bool is_told(const struct sabotage *sabotage, const struct fault_record *record)
{
    if (sabotage->seen == NULL)
        return record->lost[0] == '\0';
    return strstr(record->lost, sabotage->seen) != NULL;
}

/* A child, so that one world does not reach into the next. */
static bool is_seen(const struct sabotage *sabotage, const char *made, struct fault_record *record)
{
    int status = 0;
    AUTO(memory_freep) char *base = fault_folder_new();
    AUTO(memory_freep) char *folder = file_join(base, "case");
    fault_folder_copy(made, folder);
    *record = (struct fault_record){0};
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct fault_plan plan = {.record = record};
        perform(fault_scene_named(sabotage->scene), folder, &plan, sabotage);
        exit(0);
    }
    bool ended =
        pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    fault_folder_remove(base);
    return ended && is_told(sabotage, record);
}

/* The scene in base; sabotages of one scene stand together. */
static char *make(const char *base, const char *scene)
{
    struct err err = ERR_INIT;
    char *made = file_join(base, scene);
    if (access(made, F_OK) == 0)
        return made;
    fault_must(file_make_folder(made, 0700, &err), &err, made);
    if (!fault_case_make(fault_scene_named(scene), made))
        exit(2);
    return made;
}

int main(void)
{
    struct fault_record *record = fault_case_record();
    int failed = 0;
    log_set_level(LOG_LEVEL_ERROR);
    AUTO(memory_freep) char *base = fault_folder_new();
    printf("1..%zu\n", ARRAY_SIZE(sabotages));
    for (size_t i = 0; i < ARRAY_SIZE(sabotages); i++) {
        AUTO(memory_freep) char *made = make(base, sabotages[i].scene);
        bool well = is_seen(&sabotages[i], made, record);
        printf("%s %zu - %s:%s # %s\n", well ? "ok" : "not ok", i + 1, sabotages[i].scene,
               sabotages[i].name, record->lost);
        failed += well ? 0 : 1;
    }
    fault_folder_remove(base);
    return failed == 0 ? 0 : 1;
}
