/* What a command of ukeyctl works with. */
#pragma once

#include "agent/ctl/ctl_client.h"
#include "agent/ctl/ctl_options.h"

struct ctl {
    const struct ctl_options *options;
    struct ctl_client *client;
    bool answered; /* the final JSON is on standard output */
};

bool ctl_wants_json(const struct ctl *ctl);
/* The final answer, once. */
void ctl_print_json(struct ctl *ctl, const struct json *json);
