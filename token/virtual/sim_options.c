#include "token/virtual/sim_options.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 32

static const struct sim_option *find(const struct sim_option *options, size_t count,
                                     const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
            return &options[i];
    return NULL;
}

static enum err_code set_number(const struct sim_option *option, const char *value, struct err *err)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < option->min || number > option->max)
        return err_set(err, ERR_USAGE, "--%s: %lld to %lld", option->name, (long long)option->min,
                       (long long)option->max);
    *(int64_t *)option->out = number;
    return ERR_NONE;
}

static enum err_code set_value(const struct sim_option *option, const char *value, struct err *err)
{
    if (option->type == SIM_OPTION_NUMBER)
        return set_number(option, value, err);
    if (*value == '\0')
        return err_set(err, ERR_USAGE, "--%s: empty", option->name);
    *(const char **)option->out = value;
    return ERR_NONE;
}

/* One option at arguments[*at]; *at moves to the last word that it used. */
static enum err_code read_one(const struct sim_option *options, size_t option_count,
                              const char *const *arguments, int count, int *at, bool *seen,
                              struct err *err)
{
    const char *word = arguments[*at];
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct sim_option *option = find(options, option_count, name, len);
    if (option == NULL)
        return err_set(err, ERR_USAGE, "unknown option %.64s", word);
    seen[option - options] = true;
    if (option->type == SIM_OPTION_FLAG) {
        if (equals != NULL)
            return err_set(err, ERR_USAGE, "--%s takes no value", option->name);
        *(bool *)option->out = true;
        return ERR_NONE;
    }
    if (equals != NULL)
        return set_value(option, equals + 1, err);
    if (*at + 1 >= count)
        return err_set(err, ERR_USAGE, "--%s needs a value", option->name);
    return set_value(option, arguments[++*at], err);
}

enum err_code sim_options_read(const struct sim_option *options, size_t option_count,
                               const char *const *arguments, int count, int *rest, struct err *err)
{
    bool seen[OPTIONS_MAX] = {false};
    int at = 0;
    for (; at < count; at++) {
        bool is_option = strncmp(arguments[at], "--", 2) == 0 && arguments[at][2] != '\0';
        if (!is_option && rest != NULL)
            break;
        if (!is_option)
            return err_set(err, ERR_USAGE, "unexpected \"%.64s\"", arguments[at]);
        if (read_one(options, option_count, arguments, count, &at, seen, err) != ERR_NONE)
            return err->code;
    }
    for (size_t i = 0; i < option_count; i++)
        if (options[i].required && !seen[i])
            return err_set(err, ERR_USAGE, "--%s is needed", options[i].name);
    if (rest != NULL)
        *rest = at;
    return ERR_NONE;
}
