#include "token/channel_trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "token/apdu.h"

struct channel_trace {
    struct channel channel;
    struct channel *inner;
    FILE *out;
};

static void put(struct channel_trace *trace, const char *sign, const char *text)
{
    int64_t now_us = clock_monotonic_us();
    fprintf(trace->out, "%lld.%06lld %s %s\n", (long long)(now_us / 1000000),
            (long long)(now_us % 1000000), sign, text);
    fflush(trace->out);
}

static void put_bytes(struct channel_trace *trace, const char *sign, struct span bytes)
{
    AUTO(memory_freep) char *hex = hex_encode(bytes);
    put(trace, sign, hex);
}

static void put_command(struct channel_trace *trace, struct span command)
{
    if (!apdu_carries_pin(command)) {
        put_bytes(trace, ">", command);
        return;
    }
    struct span header = span_part(command, 0, APDU_HEADER_BYTES);
    AUTO(memory_freep) char *hex = hex_encode(header);
    AUTO(memory_freep)
    char *line = memory_printf("%s (%zu bytes not shown)", hex, command.len - header.len);
    put(trace, ">", line);
}

static void put_error(struct channel_trace *trace, const char *doing, const struct err *err)
{
    AUTO(memory_freep)
    char *line = memory_printf("%s: %s: %s", doing, err_code_text(err->code), err->detail);
    put(trace, "!", line);
}

static enum err_code trace_begin(struct channel *channel, struct deadline deadline, struct err *err)
{
    struct channel_trace *trace = (struct channel_trace *)channel;
    enum err_code code = trace->inner->class->begin(trace->inner, deadline, err);
    if (code == ERR_NONE)
        put(trace, "#", "begin");
    else
        put_error(trace, "begin", err);
    return code;
}

static void trace_end(struct channel *channel)
{
    struct channel_trace *trace = (struct channel_trace *)channel;
    trace->inner->class->end(trace->inner);
    put(trace, "#", "end");
}

static enum err_code trace_transmit(struct channel *channel, struct span command,
                                    struct bytes **out, struct deadline deadline, struct err *err)
{
    struct channel_trace *trace = (struct channel_trace *)channel;
    put_command(trace, command);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (trace->inner->class->transmit(trace->inner, command, &answer, deadline, err) != ERR_NONE) {
        put_error(trace, "transmit", err);
        return err->code;
    }
    put_bytes(trace, "<", span_bytes(answer));
    *out = TAKE(answer);
    return ERR_NONE;
}

static struct span trace_peek_atr(const struct channel *channel)
{
    const struct channel_trace *trace = (const struct channel_trace *)channel;
    return trace->inner->class->peek_atr(trace->inner);
}

static size_t trace_command_bytes_max(const struct channel *channel)
{
    const struct channel_trace *trace = (const struct channel_trace *)channel;
    const struct channel_class *inner = trace->inner->class;
    return inner->command_bytes_max != NULL ? inner->command_bytes_max(trace->inner) : 0;
}

static void trace_close(struct channel *channel)
{
    struct channel_trace *trace = (struct channel_trace *)channel;
    channel_close(trace->inner);
    put(trace, "#", "close");
    free(trace);
}

static const struct channel_class trace_class = {
    .name = "trace",
    .begin = trace_begin,
    .end = trace_end,
    .transmit = trace_transmit,
    .peek_atr = trace_peek_atr,
    .command_bytes_max = trace_command_bytes_max,
    .close = trace_close,
};

struct channel *channel_trace_new(struct channel *inner, FILE *out)
{
    struct channel_trace *trace = memory_new(sizeof *trace);
    *trace = (struct channel_trace){.channel = {&trace_class}, .inner = inner, .out = out};
    put_bytes(trace, "@", inner->class->peek_atr(inner));
    return &trace->channel;
}
