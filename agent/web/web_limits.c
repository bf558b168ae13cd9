#include "agent/web/web_limits.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
const struct web_limit_rule web_limit_rules[WEB_LIMIT_COUNT] = {
    /* A page with a mistake in it asks wrongly with each click, or once a second; a loop does so at once. */
    [WEB_LIMIT_FAILURES] = {ERR_HTTP_TOO_MANY, 120, 500},
    /* A list that checks each order at its start; after that nobody clicks faster. */
    [WEB_LIMIT_STARTS] = {ERR_HTTP_TOO_MANY, 60, 1000},
    /* A ticket that was used or ran out is followed by a good one; the platform is not to be searched. */
    [WEB_LIMIT_TICKETS] = {ERR_TICKETS_PAUSED, 10, 15000},
    /* Who cancels twice in a row wants no dialog; who only looked up the PIN can wait for the third. */
    [WEB_LIMIT_DIALOGS] = {ERR_DIALOGS_PAUSED, 2, 30000},
};
/* clang-format on */

struct origin {
    char *name;
    int64_t forgotten_at_ms[WEB_LIMIT_COUNT]; /* when everything that was counted is over */
    struct origin *next;
};

struct web_limits {
    struct origin *first; /* at most as many as there are platforms */
};

struct web_limits *web_limits_new(void)
{
    return memory_new(sizeof(struct web_limits));
}

void web_limits_free(struct web_limits *limits)
{
    if (limits == NULL)
        return;
    while (limits->first != NULL) {
        struct origin *origin = limits->first;
        limits->first = origin->next;
        free(origin->name);
        free(origin);
    }
    free(limits);
}

static struct origin *find(const struct web_limits *limits, const char *name)
{
    struct origin *origin = limits->first;
    while (origin != NULL && strcmp(origin->name, name) != 0)
        origin = origin->next;
    return origin;
}

static struct origin *find_or_add(struct web_limits *limits, const char *name)
{
    struct origin *origin = find(limits, name);
    if (origin != NULL)
        return origin;
    origin = memory_new(sizeof *origin);
    origin->name = memory_text(name);
    for (size_t i = 0; i < WEB_LIMIT_COUNT; i++)
        origin->forgotten_at_ms[i] = INT64_MIN;
    origin->next = limits->first;
    limits->first = origin;
    return origin;
}

void web_limits_count(struct web_limits *limits, const char *name, enum web_limit limit,
                      int64_t now_ms)
{
    if (name == NULL)
        return;
    const struct web_limit_rule *rule = &web_limit_rules[limit];
    int64_t *at = &find_or_add(limits, name)->forgotten_at_ms[limit];
    int64_t full = now_ms + rule->burst * rule->each_ms;
    *at = (*at > now_ms ? *at : now_ms) + rule->each_ms;
    if (*at > full)
        *at = full;
}

void web_limits_stand_still(struct web_limits *limits, const char *name, enum web_limit limit,
                            int64_t from_ms, int64_t now_ms)
{
    struct origin *origin = name != NULL ? find(limits, name) : NULL;
    if (origin != NULL && origin->forgotten_at_ms[limit] > from_ms)
        origin->forgotten_at_ms[limit] += now_ms - from_ms;
}

void web_limits_forget(struct web_limits *limits, const char *name, enum web_limit limit)
{
    struct origin *origin = name != NULL ? find(limits, name) : NULL;
    if (origin != NULL)
        origin->forgotten_at_ms[limit] = INT64_MIN;
}

enum err_code web_limits_check(const struct web_limits *limits, const char *name,
                               enum web_limit limit, int64_t now_ms, unsigned *out_wait_s,
                               struct err *err)
{
    const struct web_limit_rule *rule = &web_limit_rules[limit];
    const struct origin *origin = name != NULL ? find(limits, name) : NULL;
    int64_t room_at_ms = now_ms;
    if (origin != NULL && origin->forgotten_at_ms[limit] > now_ms)
        room_at_ms = origin->forgotten_at_ms[limit] - (rule->burst - 1) * rule->each_ms;
    if (room_at_ms <= now_ms)
        return ERR_NONE;
    *out_wait_s = (unsigned)((room_at_ms - now_ms + 999) / 1000);
    return err_set(err, rule->code, "more than %u; again in %u s", rule->burst, *out_wait_s);
}
