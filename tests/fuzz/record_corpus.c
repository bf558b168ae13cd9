/* Makes the inputs that only our own programs can make: corpus/key (the answers of the virtual key to each
 * call) and corpus/journal (a journal with one row).
 *
 *     record_corpus FOLDER    */
#include <stdio.h>
#include <unistd.h>

#include "agent/ops/op_journal.h"
#include "base/buf.h"
#include "base/file.h"
#include "fuzz.h"
#include "key_calls.h"
#include "sample_card.h"
#include "token/virtual/virtual_channel.h"

#define INPUT_BYTES_MAX (1 << 20)
#define MODE 0644

/* ---- a channel that writes down the answers ---- */

struct recorder {
    struct channel channel;
    struct channel *inner;
    struct buf *answers;
};

static enum err_code recorder_begin(struct channel *channel, struct deadline deadline,
                                    struct err *err)
{
    struct channel *inner = ((struct recorder *)channel)->inner;
    return inner->class->begin(inner, deadline, err);
}

static void recorder_end(struct channel *channel)
{
    struct channel *inner = ((struct recorder *)channel)->inner;
    inner->class->end(inner);
}

static enum err_code recorder_transmit(struct channel *channel, struct span command,
                                       struct bytes **out, struct deadline deadline,
                                       struct err *err)
{
    struct recorder *recorder = (struct recorder *)channel;
    enum err_code code =
        recorder->inner->class->transmit(recorder->inner, command, out, deadline, err);
    if (code == ERR_NONE) {
        buf_add_u16_be(recorder->answers, (uint16_t)(*out)->len);
        buf_add(recorder->answers, span_bytes(*out));
    }
    return code;
}

static struct span recorder_atr(const struct channel *channel)
{
    const struct channel *inner = ((const struct recorder *)channel)->inner;
    return inner->class->peek_atr(inner);
}

static void recorder_close(struct channel *channel)
{
    channel_close(((struct recorder *)channel)->inner);
    free(channel);
}

static const struct channel_class recorder_class = {
    .name = "recorder",
    .begin = recorder_begin,
    .end = recorder_end,
    .transmit = recorder_transmit,
    .peek_atr = recorder_atr,
    .close = recorder_close,
};

/* ---- what is made ---- */

static void write_input(const char *folder, const char *name, struct span content)
{
    AUTO(memory_freep) char *path = file_join(folder, name);
    struct err err = ERR_INIT;
    fuzz_require(file_write_atomic(path, content, MODE, &err) == ERR_NONE);
}

static void record_call(const char *folder, size_t number)
{
    AUTO(virtual_card_freep) struct virtual_card *card = sample_card();
    AUTO(buf_done) struct buf input = BUF_INIT(INPUT_BYTES_MAX);
    struct recorder *recorder = memory_new(sizeof *recorder);
    *recorder = (struct recorder){
        .channel.class = &recorder_class,
        .inner = virtual_channel_open(card),
        .answers = &input,
    };
    buf_add_u8(&input, (uint8_t)number);
    key_call(number, &recorder->channel);
    write_input(folder, key_call_name(number), buf_span(&input));
}

static void record_journal(const char *folder)
{
    static const struct op_row row = {
        .id = "0123456789abcdef0123456789abcdef",
        .kind = "renew",
        .origin = "https://portal.test",
        .platform = "test",
        .state = "failed",
        .step = "redeem",
        .serial = "KEY00001",
        .created_utc = 1,
        .updated_utc = 2,
        .facts = "{}",
    };
    AUTO(memory_freep) char *path = file_join(folder, "one_row.sqlite");
    struct op_journal *journal = NULL;
    struct err err = ERR_INIT;
    (void)unlink(path);
    fuzz_require(op_journal_open(path, &journal, &err) == ERR_NONE);
    fuzz_require(op_journal_put(journal, &row, OP_OUTLIVES_POWER, &err) == ERR_NONE);
    op_journal_close(journal);
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    if (argc != 2) {
        (void)fprintf(stderr, "usage: record_corpus FOLDER\n");
        return 2;
    }
    AUTO(memory_freep) char *key = file_join(argv[1], "key");
    AUTO(memory_freep) char *journal = file_join(argv[1], "journal");
    fuzz_require(file_make_folder(key, 0755, &err) == ERR_NONE);
    fuzz_require(file_make_folder(journal, 0755, &err) == ERR_NONE);
    for (size_t i = 0; i < key_call_count(); i++)
        record_call(key, i);
    record_journal(journal);
    return 0;
}
