#include "agent/doctor/doctor_world.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

/* Source: XDG Base Directory Specification 0.8. */
char *doctor_world_state_folder(const char *given)
{
    if (given != NULL)
        return memory_text(given);
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    if (data != NULL && *data == '/')
        return memory_printf("%s/ukeyd", data);
    return home != NULL && *home == '/' ? memory_printf("%s/.local/share/ukeyd", home) : NULL;
}

/* The socket's folder when it is one of an agent: with --socket it may be any, also one that others need, as
 * /tmp. */
static char *runtime_folder_of(const char *socket_path)
{
    AUTO(memory_freep) char *copy = memory_text(socket_path);
    const char *folder = dirname(copy);
    const char *slash = strrchr(folder, '/');
    return memory_text(slash != NULL && strcmp(slash, "/ukeyd") == 0 ? folder : NULL);
}

struct doctor_world *doctor_world_new(const struct doctor_options *options)
{
    struct doctor_world *world = memory_new(sizeof *world);
    world->root = memory_text(options->root == NULL ? "" : options->root);
    world->config_file = memory_text(options->config_file);
    world->state_folder = doctor_world_state_folder(options->state_folder);
    world->socket_path = memory_text(options->socket_path);
    world->runtime_folder = runtime_folder_of(options->socket_path);
    world->ask = options->ask;
    world->config_err = ERR_INIT;
    world->agent_err = ERR_INIT;
    if (config_read(options->config_file, &world->config, &world->config_err) != ERR_NONE)
        world->config = NULL;
    if (options->ask(world->socket_path, "/v1/status", DOCTOR_STATUS_SECONDS, &world->status,
                     &world->agent_err) != ERR_NONE)
        world->status = NULL;
    return world;
}

void doctor_world_free(struct doctor_world *world)
{
    if (world == NULL)
        return;
    free(world->root);
    free(world->config_file);
    free(world->state_folder);
    free(world->socket_path);
    free(world->runtime_folder);
    config_free(world->config);
    json_free(world->status);
    free(world);
}

void doctor_world_freep(struct doctor_world **world)
{
    doctor_world_free(*world);
    *world = NULL;
}

char *doctor_world_path(const struct doctor_world *world, const char *path)
{
    return memory_printf("%s%s", world->root, path);
}

char *doctor_world_read(const struct doctor_world *world, const char *path)
{
    uint8_t part[4096];
    ssize_t got;
    AUTO(buf_done) struct buf text = BUF_INIT(DOCTOR_FILE_BYTES_MAX);
    AUTO(memory_freep) char *full = doctor_world_path(world, path);
    AUTO(file_closep) int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    while ((got = read(fd, part, sizeof part)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return NULL;
        buf_add(&text, span_of(part, (size_t)got));
    }
    struct span span = buf_span(&text);
    return text.bad ? NULL : memory_printf("%.*s", (int)span.len, (const char *)span.at);
}

char *doctor_world_line(const struct doctor_world *world, const char *path)
{
    char *text = doctor_world_read(world, path);
    if (text != NULL)
        text[strcspn(text, "\n")] = '\0';
    return text;
}

bool doctor_world_has(const struct doctor_world *world, const char *path)
{
    AUTO(memory_freep) char *full = doctor_world_path(world, path);
    return access(full, F_OK) == 0;
}

bool doctor_world_agent_runs(const struct doctor_world *world)
{
    return world->status != NULL;
}

const char *doctor_world_text(const struct json *object, const char *name)
{
    return json_is_object(object) ? json_text_of(json_member(object, name)) : NULL;
}
