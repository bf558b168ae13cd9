#include "agent/ops/op_journal.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static char *make_path(void)
{
    char folder[] = "/tmp/ukeyd-journal-XXXXXX";
    assert_non_null(mkdtemp(folder));
    return file_join(folder, "journal.db");
}

static struct op_row a_row(const char *id, int64_t created)
{
    return (struct op_row){
        .id = id,
        .kind = "renew",
        .origin = "https://portal.example",
        .platform = "sunshine",
        .state = "running",
        .step = "redeem",
        .serial = "S1",
        .created_utc = created,
        .updated_utc = created,
        .facts = "{}",
    };
}

struct seen {
    unsigned count;
    char ids[512];
    char last_state[32];
    bool last_has_origin;
};

static void see(void *context, const struct op_row *row)
{
    struct seen *seen = context;
    seen->count++;
    snprintf(seen->ids + strlen(seen->ids), sizeof seen->ids - strlen(seen->ids), "%s ", row->id);
    snprintf(seen->last_state, sizeof seen->last_state, "%s", row->state);
    seen->last_has_origin = row->origin != NULL;
}

static void rows_survive_closing(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = make_path();
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    struct op_row second = a_row("b", 20);
    struct op_row first = a_row("a", 10);
    assert_int_equal(op_journal_put(journal, &second, OP_OUTLIVES_POWER, &err), ERR_NONE);
    assert_int_equal(op_journal_put(journal, &first, OP_OUTLIVES_US, &err), ERR_NONE);
    second.state = "done";
    assert_int_equal(op_journal_put(journal, &second, OP_OUTLIVES_POWER, &err), ERR_NONE);
    op_journal_closep(&journal);
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    struct seen seen = {0};
    assert_int_equal(op_journal_each(journal, see, &seen, &err), ERR_NONE);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.ids, "a b ");
    assert_string_equal(seen.last_state, "done");
}

static bool file_holds(const char *path, const char *text)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    struct err err = ERR_INIT;
    if (file_read(path, 1 << 20, &content, &err) != ERR_NONE)
        return false;
    return memmem(content->at, content->len, text, strlen(text)) != NULL;
}

static void what_was_replaced_and_forgotten_is_in_no_file(void **state)
{
    (void)state;
    static const char facts[] = "{\"secret\":\"QWERTZUIOP\"}";
    AUTO(memory_freep) char *path = make_path();
    AUTO(memory_freep) char *log = memory_printf("%s-wal", path);
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    struct op_row row = a_row("a", 10);
    row.facts = facts;
    assert_int_equal(op_journal_put(journal, &row, OP_OUTLIVES_POWER, &err), ERR_NONE);
    assert_true(file_holds(path, "QWERTZUIOP") || file_holds(log, "QWERTZUIOP"));
    row.facts = "{}";
    assert_int_equal(op_journal_put(journal, &row, OP_OUTLIVES_POWER, &err), ERR_NONE);
    assert_int_equal(op_journal_forget(journal, &err), ERR_NONE);
    assert_false(file_holds(path, "QWERTZUIOP") || file_holds(log, "QWERTZUIOP"));
}

static void a_second_agent_is_refused_until_the_first_ends(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = make_path();
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    AUTO(op_journal_closep) struct op_journal *second = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    assert_int_equal(op_journal_open(path, &second, &err), ERR_ALREADY_RUNNING);
    assert_null(second);
    op_journal_closep(&journal);
    assert_int_equal(op_journal_open(path, &second, &err), ERR_NONE);
}

struct starter {
    char *path;
    int started;
};

/* An agent starts while somebody reads. */
static void start_agent(void *context, const struct op_row *row)
{
    struct err err = ERR_INIT;
    struct starter *starter = context;
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    assert_int_equal(op_journal_open(starter->path, &journal, &err), ERR_NONE);
    starter->started++;
}

static void reading_it_keeps_no_agent_out(void **state)
{
    struct err err = ERR_INIT;
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    AUTO(memory_freep) char *path = make_path();
    struct starter starter = {path, 0};
    const struct op_row row = a_row("a", 1);
    assert_int_equal(op_journal_read(path, start_agent, &starter, &err), ERR_JOURNAL);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    assert_int_equal(op_journal_put(journal, &row, OP_OUTLIVES_US, &err), ERR_NONE);
    assert_int_equal(op_journal_read(path, start_agent, &starter, &err), ERR_ALREADY_RUNNING);
    op_journal_closep(&journal);
    assert_int_equal(op_journal_read(path, start_agent, &starter, &err), ERR_NONE);
    assert_int_equal(starter.started, 1);
}

static void an_empty_file_holds_no_row(void **state)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = make_path();
    assert_int_equal(file_write_atomic(path, SPAN_NONE, 0600, &err), ERR_NONE);
    assert_int_equal(op_journal_read(path, start_agent, NULL, &err), ERR_NONE);
}

static void only_the_owner_can_read_it(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = make_path();
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    struct stat status;
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    struct op_row row = a_row("a", 1);
    assert_int_equal(op_journal_put(journal, &row, OP_OUTLIVES_US, &err), ERR_NONE);
    static const char *const names[] = {"", "-wal", "-lock"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO(memory_freep) char *name = memory_printf("%s%s", path, names[i]);
        assert_int_equal(stat(name, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static void let_files_grow(rlim_t bytes)
{
    const struct rlimit limit = {bytes, RLIM_INFINITY};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* As on a full disk: no file can take a byte more. */
static void what_is_there_opens_without_room_for_more(void **state)
{
    AUTO(memory_freep) char *path = make_path();
    AUTO(memory_freep) char *shared = memory_printf("%s-shm", path);
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    struct seen seen = {0};
    const struct op_row row = a_row("a", 1);
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    assert_int_equal(op_journal_put(journal, &row, OP_OUTLIVES_POWER, &err), ERR_NONE);
    assert_int_equal(access(shared, F_OK), -1);
    op_journal_closep(&journal);
    signal(SIGXFSZ, SIG_IGN);
    let_files_grow(0);
    enum err_code opened = op_journal_open(path, &journal, &err);
    let_files_grow(RLIM_INFINITY);
    assert_int_equal(opened, ERR_NONE);
    assert_int_equal(op_journal_each(journal, see, &seen, &err), ERR_NONE);
    assert_string_equal(seen.ids, "a ");
}

/* One that was killed leaves its log behind. */
static void what_a_killed_agent_wrote_is_read(void **state)
{
    AUTO(memory_freep) char *path = make_path();
    struct err err = ERR_INIT;
    struct seen seen = {0};
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct op_journal *journal = NULL;
        const struct op_row row = a_row("a", 1);
        _exit(op_journal_open(path, &journal, &err) != ERR_NONE ||
              op_journal_put(journal, &row, OP_OUTLIVES_US, &err) != ERR_NONE);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(op_journal_read(path, see, &seen, &err), ERR_NONE);
        assert_int_equal(seen.count, i);
    }
}

static void a_file_that_is_no_journal_is_refused(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = make_path();
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(
        file_write_atomic(path, span_text("no journal, but long enough to be read"), 0600, &err),
        ERR_NONE);
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_JOURNAL);
    assert_null(journal);
}

static void a_missing_folder_is_refused(void **state)
{
    (void)state;
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(op_journal_open("/nonexistent/journal.db", &journal, &err), ERR_JOURNAL);
}

/* The first is not over: it stays, however old. */
static void add_too_many(struct op_journal *journal)
{
    struct err err = ERR_INIT;
    for (int i = 0; i < OP_JOURNAL_ROWS_MAX + 3; i++) {
        AUTO(memory_freep) char *id = memory_printf("%04d", i);
        struct op_row row = a_row(id, i);
        row.state = i == 0 ? "unconfirmed" : "done";
        assert_int_equal(op_journal_put(journal, &row, OP_OUTLIVES_US, &err), ERR_NONE);
    }
}

static void assert_forgotten(struct op_journal *journal)
{
    struct err err = ERR_INIT;
    struct seen seen = {0};
    assert_int_equal(op_journal_each(journal, see, &seen, &err), ERR_NONE);
    assert_int_equal(seen.count, OP_JOURNAL_ROWS_MAX + 1);
    assert_memory_equal(seen.ids, "0000 0003 ", 10);
}

static void old_operations_are_forgotten_at_the_start(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = make_path();
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    add_too_many(journal);
    op_journal_closep(&journal);
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    assert_forgotten(journal);
}

static void old_operations_are_forgotten_while_it_is_open(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = make_path();
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    add_too_many(journal);
    assert_int_equal(op_journal_forget(journal, &err), ERR_NONE);
    assert_forgotten(journal);
}

static void the_terminal_has_no_origin(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = make_path();
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    struct seen seen = {0};
    struct op_row row = a_row("a", 1);
    row.origin = NULL;
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    assert_int_equal(op_journal_put(journal, &row, OP_OUTLIVES_US, &err), ERR_NONE);
    assert_int_equal(op_journal_each(journal, see, &seen, &err), ERR_NONE);
    assert_int_equal(seen.count, 1);
    assert_false(seen.last_has_origin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_survive_closing),
        cmocka_unit_test(what_was_replaced_and_forgotten_is_in_no_file),
        cmocka_unit_test(a_second_agent_is_refused_until_the_first_ends),
        cmocka_unit_test(reading_it_keeps_no_agent_out),
        cmocka_unit_test(an_empty_file_holds_no_row),
        cmocka_unit_test(only_the_owner_can_read_it),
        cmocka_unit_test(what_is_there_opens_without_room_for_more),
        cmocka_unit_test(what_a_killed_agent_wrote_is_read),
        cmocka_unit_test(a_file_that_is_no_journal_is_refused),
        cmocka_unit_test(a_missing_folder_is_refused),
        cmocka_unit_test(old_operations_are_forgotten_at_the_start),
        cmocka_unit_test(old_operations_are_forgotten_while_it_is_open),
        cmocka_unit_test(the_terminal_has_no_origin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
