#include "agent/ctl/ctl_progress.h"

#include <stdlib.h>

#include "agent/ctl/ctl_text.h"

#define STEPS_MAX 99
#define TITLE_BYTES_MAX 256

/* What the person should know while the operation is in this state. */
static const struct {
    const char *state;
    struct text hint;
} hints[] = {
    {"waiting-user", {"（请在弹出的对话框中操作）", " (answer the dialog that has opened)"}},
    {"waiting-platform", {"（等待平台）", " (waiting for the platform)"}},
};

static const char *hint_of(const struct json *operation, enum lang lang)
{
    const char *state = json_text_of(json_member(operation, "state"));
    for (size_t i = 0; state != NULL && i < ARRAY_SIZE(hints); i++)
        if (strcmp(hints[i].state, state) == 0)
            return text_in(hints[i].hint, lang);
    return "";
}

/* NULL when the operation shows no step. */
static char *line_of(const struct json *operation, enum lang lang)
{
    struct err ignored = ERR_INIT;
    int64_t index = 0;
    int64_t count = 0;
    const char *title = NULL;
    const struct json_field fields[] = {
        {"index", JSON_INTEGER, .limit = STEPS_MAX, .out = &index},
        {"count", JSON_INTEGER, .limit = STEPS_MAX, .out = &count},
        {"title", JSON_TEXT, .limit = TITLE_BYTES_MAX, .out = &title},
    };
    const struct json *step = json_member(operation, "step");
    if (!json_is_object(step) ||
        json_read(step, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, &ignored) != ERR_NONE)
        return NULL;
    return memory_printf("[%2d/%d] %s%s", (int)index, (int)count, title, hint_of(operation, lang));
}

void ctl_progress_show(struct ctl_progress *progress, const struct json *operation)
{
    AUTO(memory_freep) char *line = line_of(operation, progress->lang);
    if (line == NULL || (progress->last != NULL && strcmp(progress->last, line) == 0))
        return;
    if (progress->terminal)
        fputs("\r\033[K", progress->out);
    ctl_text_print(progress->out, line);
    if (!progress->terminal)
        fputc('\n', progress->out);
    fflush(progress->out);
    free(progress->last);
    progress->last = TAKE(line);
}

void ctl_progress_end(struct ctl_progress *progress)
{
    if (progress->terminal && progress->last != NULL)
        fputc('\n', progress->out);
    free(progress->last);
    progress->last = NULL;
}

void ctl_progress_done(struct ctl_progress *progress)
{
    ctl_progress_end(progress);
}
