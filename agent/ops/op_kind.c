/* The kinds of operations, and their drawings. */
#include "agent/ops/op.h"
#include "base/buf.h"

#define DRAWING_BYTES_MAX 65536

static const struct op_kind *const kinds[] = {&op_check, &op_renew, &op_extend_seal, &op_reset_pin,
                                              &op_change_pin};

const struct op_kind *op_kind_at(size_t index)
{
    return index < ARRAY_SIZE(kinds) ? kinds[index] : NULL;
}

const struct op_kind *op_kind_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

static const char *const touches_texts[] = {
    [OP_TOUCHES_NOTHING] = "nothing",
    [OP_TOUCHES_KEY] = "key",
    [OP_TOUCHES_KEY_IF_THERE] = "key, if it is there",
    [OP_TOUCHES_PLATFORM] = "platform",
    [OP_TOUCHES_USER] = "person",
};

static const char *const death_texts[] = {
    [OP_RESUME] = "goes on by itself",
    [OP_RESUME_NEXT] = "goes on with the next by itself, when it may have changed the key",
    [OP_TELL] = "told as interrupted",
};

static void draw_steps(struct buf *buf, const struct op_kind *kind)
{
    buf_printf(buf, "```mermaid\nstateDiagram-v2\n    [*] --> %s\n", kind->steps[0].name);
    for (size_t i = 0; i < kind->step_count; i++) {
        const struct op_step *step = &kind->steps[i];
        bool last = i + 1 == kind->step_count;
        buf_printf(buf, "    %s --> %s\n", step->name, last ? "done" : kind->steps[i + 1].name);
        buf_printf(buf, "    %s --> failed\n", step->name);
        if (step->cancellable)
            buf_printf(buf, "    %s --> cancelled\n", step->name);
    }
    buf_printf(buf, "    done --> [*]\n    failed --> [*]\n    cancelled --> [*]\n```\n\n");
}

static void list_steps(struct buf *buf, const struct op_kind *kind)
{
    buf_printf(buf, "| # | step | the person reads | touches | can be cancelled | after a restart "
                    "| limit |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < kind->step_count; i++) {
        const struct op_step *step = &kind->steps[i];
        buf_printf(buf, "| %zu | `%s` | %s / %s | %s | %s | %s | %d s |\n", i + 1, step->name,
                   step->title.zh, step->title.en, touches_texts[step->touches],
                   step->cancellable ? "yes" : "no", death_texts[step->after_death],
                   step->limit_seconds);
    }
    buf_printf(buf, "\n");
}

char *ops_print_states(void)
{
    AUTO(buf_done) struct buf buf = BUF_INIT(DRAWING_BYTES_MAX);
    buf_printf(&buf, "# The steps of each operation\n\nMade by `ukeyd --print-states`.\n\n");
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        buf_printf(&buf, "## `%s`: %s / %s\n\n", kinds[i]->name, kinds[i]->title.zh,
                   kinds[i]->title.en);
        draw_steps(&buf, kinds[i]);
        list_steps(&buf, kinds[i]);
    }
    buf_add_u8(&buf, 0);
    return memory_text((const char *)buf_span(&buf).at);
}
