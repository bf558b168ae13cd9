#include "portal/portal_cli.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct portal_option folder_option = {"folder", "DIR", true, NULL};

static int option_index(const struct portal_command *command, const char *name)
{
    for (int i = 0; command->options[i].name != NULL; i++)
        if (strcmp(command->options[i].name, name) == 0)
            return i;
    return -1;
}

const char *portal_arguments_get(const struct portal_arguments *arguments, const char *name)
{
    int index = option_index(arguments->command, name);
    assert(index >= 0);
    return arguments->values[index];
}

bool portal_arguments_has(const struct portal_arguments *arguments, const char *name)
{
    return portal_arguments_get(arguments, name) != NULL;
}

enum err_code portal_arguments_integer(const struct portal_arguments *arguments, const char *name,
                                       int64_t maximum, int64_t *out, struct err *err)
{
    const char *text = portal_arguments_get(arguments, name);
    size_t length = strlen(text);
    char *end = NULL;
    long long value = strtoll(text, &end, 10);
    if (length == 0 || strspn(text, "0123456789") != length || value > maximum)
        return err_set(err, ERR_USAGE, "--%s: not a whole number of at most %lld", name,
                       (long long)maximum);
    *out = value;
    return ERR_NONE;
}

/* ---- parsing ---- */

/* The command whose words stand at argv[at]; *out_words is how many. */
static const struct portal_command *command_at(const struct portal_command *commands, size_t count,
                                               int argc, char **argv, int *out_words)
{
    for (size_t i = 0; i < count; i++) {
        const char *second = strchr(commands[i].name, ' ');
        size_t first =
            second == NULL ? strlen(commands[i].name) : (size_t)(second - commands[i].name);
        *out_words = second == NULL ? 1 : 2;
        if (argc < *out_words || strlen(argv[0]) != first ||
            strncmp(argv[0], commands[i].name, first) != 0)
            continue;
        if (second == NULL || strcmp(argv[1], second + 1) == 0)
            return &commands[i];
    }
    return NULL;
}

/* Takes the option at argv[0]; *out_used is how many words it has. */
static enum err_code take_option(struct portal_arguments *arguments, int argc, char **argv,
                                 int *out_used, struct err *err)
{
    if (strncmp(argv[0], "--", 2) != 0)
        return err_set(err, ERR_USAGE, "\"%s\" is not an option", argv[0]);
    const char *name = argv[0] + 2;
    bool folder = strcmp(name, folder_option.name) == 0;
    int index = folder ? 0 : option_index(arguments->command, name);
    if (index < 0)
        return err_set(err, ERR_USAGE, "\"%s\" has no option --%s", arguments->command->name, name);
    const struct portal_option *option =
        folder ? &folder_option : &arguments->command->options[index];
    const char **slot = folder ? &arguments->folder : &arguments->values[index];
    if (option->value != NULL && argc < 2)
        return err_set(err, ERR_USAGE, "--%s needs %s", name, option->value);
    if (*slot != NULL)
        return err_set(err, ERR_USAGE, "--%s stands twice", name);
    *slot = option->value == NULL ? "" : argv[1];
    *out_used = option->value == NULL ? 1 : 2;
    return ERR_NONE;
}

static enum err_code complete(struct portal_arguments *arguments, struct err *err)
{
    if (arguments->folder == NULL)
        return err_set(err, ERR_USAGE, "--folder is missing");
    for (int i = 0; arguments->command->options[i].name != NULL; i++) {
        const struct portal_option *option = &arguments->command->options[i];
        if (arguments->values[i] != NULL)
            continue;
        if (option->required)
            return err_set(err, ERR_USAGE, "--%s is missing", option->name);
        arguments->values[i] = option->fallback;
    }
    return ERR_NONE;
}

enum err_code portal_cli_parse(const struct portal_command *commands, size_t count, int argc,
                               char **argv, struct portal_arguments *out, struct err *err)
{
    struct portal_arguments arguments = {0};
    int at = 1;
    if (argc >= 3 && strcmp(argv[1], "--folder") == 0) {
        arguments.folder = argv[2];
        at = 3;
    }
    int words = 0;
    if (at < argc)
        arguments.command = command_at(commands, count, argc - at, argv + at, &words);
    if (arguments.command == NULL)
        return err_set(err, ERR_USAGE, at < argc ? "unknown command \"%s\"" : "no command%s",
                       at < argc ? argv[at] : "");
    for (at += words; at < argc; at += words)
        if (take_option(&arguments, argc - at, argv + at, &words, err) != ERR_NONE)
            return err->code;
    if (complete(&arguments, err) != ERR_NONE)
        return err_add(err, "%s", arguments.command->name);
    *out = arguments;
    return ERR_NONE;
}

/* ---- help ---- */

static void print_option(const struct portal_option *option)
{
    const char *space = option->value == NULL ? "" : " ";
    const char *value = option->value == NULL ? "" : option->value;
    printf(option->required ? " --%s%s%s" : " [--%s%s%s]", option->name, space, value);
}

void portal_cli_help(const char *program, const struct portal_command *commands, size_t count)
{
    printf("usage: %s COMMAND --folder DIR [OPTION]...\n\n", program);
    for (size_t i = 0; i < count; i++) {
        printf("  %s", commands[i].name);
        for (const struct portal_option *option = commands[i].options; option->name != NULL;
             option++)
            print_option(option);
        printf("\n      %s\n", commands[i].summary);
    }
}
