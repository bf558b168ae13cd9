#include "agent/ctl/ctl.h"

#include <assert.h>
#include <stdio.h>

bool ctl_wants_json(const struct ctl *ctl)
{
    return (ctl->options->given & CTL_JSON) != 0;
}

void ctl_print_json(struct ctl *ctl, const struct json *json)
{
    AUTO(memory_freep) char *text = json_print_pretty(json);
    assert(!ctl->answered);
    puts(text);
    ctl->answered = true;
}
