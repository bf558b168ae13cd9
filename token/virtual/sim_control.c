#include "token/virtual/sim_commands.h"

#include <stdio.h>

#include "base/buf.h"
#include "token/virtual/sim_options.h"
#include "token/virtual/virtual_control.h"

/* A swap reads and checks a whole file; everything else is done at once. */
#define ANSWER_MS 10000

static bool answer_is_good(const char *answer)
{
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *json = NULL;
    bool ok = false;
    const struct json_field fields[] = {{"ok", JSON_BOOL, .out = &ok}};
    return json_parse(span_text(answer), VIRTUAL_CONTROL_ANSWER_BYTES_MAX, &json, &err) ==
               ERR_NONE &&
           json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, &err) == ERR_NONE &&
           ok;
}

enum err_code sim_control(const char *const *arguments, int count, struct err *err)
{
    const char *socket = NULL;
    int rest = 0;
    const struct sim_option options[] = {
        {"socket", SIM_OPTION_TEXT, .required = true, .out = &socket},
    };
    if (sim_options_read(options, ARRAY_SIZE(options), arguments, count, &rest, err) != ERR_NONE)
        return err->code;
    if (rest == count)
        return err_set(err, ERR_USAGE, "control: which command?");
    AUTO(buf_done) struct buf line = BUF_INIT(VIRTUAL_CONTROL_LINE_BYTES_MAX);
    for (int i = rest; i < count; i++)
        buf_printf(&line, "%s%s", i == rest ? "" : " ", arguments[i]);
    buf_add_u8(&line, 0);
    if (line.bad)
        return err_set(err, ERR_USAGE, "control: the command is too long");
    AUTO(memory_freep) char *answer = NULL;
    if (virtual_control_ask(socket, (const char *)line.at, deadline_in_ms(ANSWER_MS), &answer,
                            err) != ERR_NONE)
        return err->code;
    printf("%s\n", answer);
    return answer_is_good(answer) ? ERR_NONE : err_set(err, ERR_USAGE, "the key refused it");
}
