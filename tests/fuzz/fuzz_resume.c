/* What an agent finds in its journal when it starts, and goes on with: the first byte of an input is what the
 * platform says to everything, then come rows, each of seven lines: kind, origin, platform, state, step, serial,
 * facts. There is no key, and nobody before the screen. */
#include <stdio.h>
#include <unistd.h>

#include "agent/ops/op_journal.h"
#include "agent/ops/ops_setup.h"
#include "base/file.h"
#include "base/log.h"
#include "fuzz.h"
#include "fuzz_input.h"

#define NOW INT64_C(1795357800) /* 2026-11-22T14:30:00Z */
#define ORIGIN "https://portal.test"
#define ROWS_MAX 12
/* Threads that end by themselves do so at once; the others wait for a key or for the platform. */
#define LOOKS 8
#define LOOK_US 200

static char *journal_path;
static struct loop *loop;
static enum err_code said; /* by the platform */

/* ---- the world ---- */

static enum err_code no_dialog(void)
{
    (void)fprintf(stderr, "fuzz: nobody has asked for a dialog\n");
    abort();
}

static enum err_code ask_pin(struct prompt *prompt, const struct prompt_question *question,
                             const struct cancel *cancel, struct secret **out, struct err *err)
{
    return no_dialog();
}

static enum err_code ask_yes(struct prompt *prompt, const struct prompt_question *question,
                             const struct cancel *cancel, struct err *err)
{
    return no_dialog();
}

static enum err_code ask_new_pin(struct prompt *prompt, const struct prompt_new_pin *question,
                                 const struct cancel *cancel, struct secret **out, struct err *err)
{
    return no_dialog();
}

static void no_keys(struct token_source *source, struct token_snapshot *out)
{
    *out = (struct token_snapshot){.service = TOKEN_SERVICE_NO_READER};
}

static enum err_code open_none(struct token_source *source, const struct token_presence *presence,
                               struct deadline deadline, struct token **out, struct err *err)
{
    return err_set(err, ERR_NO_TOKEN, "there is none");
}

static enum err_code refuse(struct err *err)
{
    return err_set(err, said == ERR_NONE ? ERR_PLATFORM_REFUSED : said, "as the input says");
}

static enum err_code redeem(struct remote *remote, const struct remote_call *call,
                            const struct remote_redeem *asked, struct remote_job **out,
                            struct err *err)
{
    return refuse(err);
}

static enum err_code request(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job, const struct remote_request *asked,
                             struct remote_issued **out, int *out_retry_s, struct err *err)
{
    fuzz_touch(asked->csr);
    fuzz_touch(asked->proof);
    if (said == ERR_PLATFORM_PENDING)
        *out_retry_s = 1;
    return refuse(err);
}

static enum err_code confirm(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job,
                             const struct remote_confirmation *confirmation, struct err *err)
{
    fuzz_require(job->id != NULL && call->platform != NULL);
    fuzz_touch(span_text(confirmation->outcome));
    fuzz_touch(confirmation->digest);
    fuzz_touch(confirmation->proof);
    return said == ERR_NONE ? ERR_NONE : refuse(err);
}

static enum err_code seal(struct remote *remote, const struct remote_call *call,
                          const struct remote_job *job, const struct remote_seal_request *asked,
                          struct remote_new_seal **out, struct err *err)
{
    fuzz_touch(asked->seal);
    return refuse(err);
}

static enum err_code unblock(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job,
                             const struct remote_unblock_request *asked, struct secret **out,
                             struct err *err)
{
    (void)fprintf(stderr, "fuzz: an answer of the administrator's that nobody asked for\n");
    abort();
}

/* ---- the journal ---- */

static void start(void)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *folder = fuzz_folder();
    clock_set_for_test(NOW);
    log_set_level(LOG_LEVEL_ERROR);
    journal_path = file_join(folder, "journal");
    fuzz_require(loop_new(&loop, &err) == ERR_NONE);
}

/* false: there is no further row. */
static bool put_row(struct op_journal *journal, struct span *rest, unsigned number)
{
    char *texts[7];
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *id = memory_printf("%032x", number);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        texts[i] = fuzz_line(rest);
    const struct op_row row = {
        .id = id,
        .kind = texts[0],
        .origin = texts[1],
        .platform = texts[2],
        .state = texts[3],
        .step = texts[4],
        .serial = texts[5],
        .facts = texts[6],
        .created_utc = NOW - 60,
        .updated_utc = NOW - 30,
    };
    bool whole = row.kind != NULL && row.state != NULL && row.step != NULL && row.facts != NULL;
    if (whole && op_journal_put(journal, &row, OP_OUTLIVES_US, &err) != ERR_NONE)
        fuzz_require(err.code == ERR_JOURNAL);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        free(texts[i]);
    return rest->len > 0;
}

static void write_journal(struct span rest)
{
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    fuzz_remove_database(journal_path);
    fuzz_require(op_journal_open(journal_path, &journal, &err) == ERR_NONE);
    for (unsigned i = 1; i <= ROWS_MAX && put_row(journal, &rest, i); i++)
        continue;
}

static void count_row(void *context, const struct op_row *row)
{
    size_t *count = context;
    fuzz_require(row->state != NULL && row->step != NULL && row->facts != NULL);
    (*count)++;
}

static size_t count_rows(void)
{
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    size_t count = 0;
    fuzz_require(op_journal_open(journal_path, &journal, &err) == ERR_NONE);
    fuzz_require(op_journal_each(journal, count_row, &count, &err) == ERR_NONE);
    return count;
}

/* ---- what is done with it ---- */

/* Each operation that is told of, asked for by its number. */
static bool look_at_all(struct ops *ops,
                        void (*act)(struct ops *ops, const char *id, const char *origin))
{
    AUTO(json_freep) struct json *list = ops_list_json(ops, NULL, LANG_EN);
    bool over = true;
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *shown = json_item(list, i);
        const char *id = json_text_of(json_member(shown, "id"));
        fuzz_require(id != NULL && json_text_of(json_member(shown, "state")) != NULL);
        over &= ops_operation_over(ops, id, NULL);
        if (act != NULL)
            act(ops, id, NULL);
    }
    return over;
}

static void wait_a_little(struct ops *ops)
{
    for (int i = 0; i < LOOKS && !look_at_all(ops, NULL); i++)
        usleep(LOOK_US);
    loop_run_posted(loop);
}

static void try_resume(struct ops *ops, const char *id, const char *origin)
{
    struct err err = ERR_INIT;
    if (ops_resume(ops, id, origin, LANG_EN, &err) != ERR_NONE)
        fuzz_require(err.code == ERR_OPERATION_NOT_RESUMABLE || err.code == ERR_OPERATION_BUSY);
}

static void try_abandon(struct ops *ops, const char *id, const char *origin)
{
    struct err err = ERR_INIT;
    if (ops_abandon(ops, id, origin, &err) != ERR_NONE)
        fuzz_require(err.code == ERR_OPERATION_TOO_LATE);
}

static void come_up(const struct ops_options *options)
{
    AUTO(ops_freep) struct ops *ops = NULL;
    struct err err = ERR_INIT;
    fuzz_require(ops_new(options, &ops, &err) == ERR_NONE);
    ops_keys_changed(ops);
    wait_a_little(ops);
    look_at_all(ops, try_resume);
    wait_a_little(ops);
    look_at_all(ops, try_abandon);
    loop_run_posted(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum err_code answers[] = {ERR_NONE, ERR_PLATFORM_REFUSED, ERR_PLATFORM_FAILED,
                                            ERR_JOB_UNKNOWN, ERR_PLATFORM_PENDING};
    static const struct prompt_class prompt_class = {
        .pin = ask_pin, .confirm = ask_yes, .new_pin = ask_new_pin};
    static const struct token_source_class source_class = {no_keys, open_none};
    static const struct remote_class remote_class = {redeem, request, confirm, seal, unblock};
    struct prompt prompt = {&prompt_class};
    struct token_source source = {&source_class};
    struct remote remote = {&remote_class};
    struct span rest = span_of(data, size);
    const struct ops_platform platform = {
        .id = "sunshine", .origin = ORIGIN, .remote = {.name = "a platform"}};
    const struct ops_options options = {
        .loop = loop,
        .source = &source,
        .remote = &remote,
        .prompt = &prompt,
        .platforms = &platform,
        .platform_count = 1,
        .due = {DUE_WINDOW_DAYS_DEFAULT, DUE_GRACE_DAYS_DEFAULT},
        .prompt_seconds = 10,
    };
    struct ops_options complete = options;
    if (loop == NULL)
        start();
    complete.loop = loop;
    complete.journal_file = journal_path;
    said = answers[fuzz_byte(&rest) % ARRAY_SIZE(answers)];
    write_journal(rest);
    size_t before = count_rows();
    come_up(&complete);
    loop_run_posted(loop);
    fuzz_require(count_rows() == before);
    return 0;
}
