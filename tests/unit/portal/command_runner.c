#include "command_runner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
/* needs some of the above */
#include <cmocka.h>

#include "portal/portal_commands.h"

#define WORDS_MAX 32

/* What commands printed, read back. */
static struct bytes *captured(int fd)
{
    struct bytes *bytes = bytes_new_size((size_t)lseek(fd, 0, SEEK_END));
    assert_int_equal(pread(fd, bytes->at, bytes->len, 0), (ssize_t)bytes->len);
    return bytes;
}

static enum err_code run_words(int count, char **words, struct err *err)
{
    struct portal_arguments arguments;
    if (portal_cli_parse(portal_commands, portal_command_count, count, words, &arguments, err) !=
        ERR_NONE)
        return err->code;
    return arguments.command->run(&arguments, err);
}

enum err_code command_run(struct world *world, const char *command, struct bytes **out)
{
    AUTO(memory_freep)
    char *line = memory_printf("ukey-portal|--folder|%s|%s", world->folder, command);
    char *words[WORDS_MAX];
    char *rest = line;
    int count = 0;
    for (char *word; (word = strsep(&rest, "|")) != NULL;)
        words[count++] = word;
    FILE *file = tmpfile();
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    struct err err = ERR_INIT;
    enum err_code code = run_words(count, words, &err);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    *out = captured(fileno(file));
    fclose(file);
    return code;
}

struct json *command_json(struct world *world, const char *command)
{
    AUTO(bytes_freep) struct bytes *out = NULL;
    struct json *json = NULL;
    struct err err = ERR_INIT;
    enum err_code code = command_run(world, command, &out);
    if (code != ERR_NONE || json_parse(span_bytes(out), 1 << 20, &json, &err) != ERR_NONE)
        fail_msg("%s: %s, %s", command, err_code_text(code), (const char *)out->at);
    return json;
}

enum err_code command_refused(struct world *world, const char *command)
{
    AUTO(bytes_freep) struct bytes *out = NULL;
    enum err_code code = command_run(world, command, &out);
    assert_int_equal(out->len, 0);
    return code;
}

const char *command_text(const struct json *json, const char *name)
{
    return json_text_of(json_member(json, name));
}
