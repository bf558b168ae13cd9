/* The journal: an input that begins with '{' is what a row holds, any other one is the whole file. */
#include <stdio.h>

#include "agent/ops/op_facts.h"
#include "agent/ops/op_journal.h"
#include "base/file.h"
#include "base/log.h"
#include "fuzz.h"
#include "fuzz_input.h"

static char *journal_path;

static void try_as_facts(struct span data)
{
    AUTO(memory_freep) char *text = fuzz_text(data);
    AUTO(op_facts_done) struct op_facts facts = {0};
    AUTO(op_facts_done) struct op_facts back = {0};
    struct err err = ERR_INIT;
    if (op_facts_from_json(text, &facts, &err) != ERR_NONE) {
        fuzz_require(err.code == ERR_JOURNAL && facts.job == NULL && facts.csr == NULL);
        return;
    }
    AUTO(json_freep) struct json *json = op_facts_to_json(&facts);
    AUTO(memory_freep) char *written = json_print(json);
    fuzz_require(op_facts_from_json(written, &back, &err) == ERR_NONE);
    AUTO(json_freep) struct json *json_back = op_facts_to_json(&back);
    AUTO(memory_freep) char *again = json_print(json_back);
    fuzz_require(strcmp(written, again) == 0);
}

static void take(void *context, const struct op_row *row)
{
    size_t *count = context;
    fuzz_require(row->id != NULL && row->kind != NULL && row->state != NULL);
    fuzz_require(row->step != NULL && row->facts != NULL);
    fuzz_touch(span_text(row->facts));
    (*count)++;
}

static void start(void)
{
    AUTO(memory_freep) char *folder = fuzz_folder();
    journal_path = file_join(folder, "journal");
    log_set_level(LOG_LEVEL_ERROR);
}

static void write_file(struct span data)
{
    FILE *file = fopen(journal_path, "we");
    fuzz_require(file != NULL && fwrite(data.at, 1, data.len, file) == data.len);
    fuzz_require(fclose(file) == 0);
}

static void try_as_file(struct span data)
{
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    size_t count = 0;
    fuzz_remove_database(journal_path);
    write_file(data);
    if (op_journal_open(journal_path, &journal, &err) != ERR_NONE ||
        op_journal_each(journal, take, &count, &err) != ERR_NONE)
        fuzz_require(err.code == ERR_JOURNAL && err.detail[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    if (journal_path == NULL)
        start();
    if (size > 0 && data[0] == '{')
        try_as_facts(input);
    else
        try_as_file(input);
    return 0;
}
