#include "agent/doctor/doctor_process.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char deleted[] = " (deleted)";

static void dir_closep(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

static DIR *open_folder(const struct doctor_world *world, const char *path)
{
    AUTO(memory_freep) char *full = doctor_world_path(world, path);
    return opendir(full);
}

/* 0 for names that are no process. */
static pid_t pid_of(const char *name)
{
    char *end;
    if (*name < '1' || *name > '9')
        return 0;
    errno = 0;
    long pid = strtol(name, &end, 10);
    return errno == 0 && *end == '\0' && pid <= INT32_MAX ? (pid_t)pid : 0;
}

struct facts {
    char name[DOCTOR_PROCESS_NAME_BYTES];
    pid_t parent;
    unsigned long uid;
};

/* The value of "Key:\tvalue"; NULL when there is no such line. */
static const char *value_of(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (; text != NULL; text = strchr(text, '\n')) {
        text += *text == '\n';
        if (strncmp(text, key, length) == 0 && text[length] == ':')
            return text + length + 1 + strspn(text + length + 1, "\t ");
    }
    return NULL;
}

static bool read_facts(const struct doctor_world *world, pid_t pid, struct facts *out)
{
    AUTO(memory_freep) char *path = memory_printf("/proc/%d/status", (int)pid);
    AUTO(memory_freep) char *text = doctor_world_read(world, path);
    const char *name = text == NULL ? NULL : value_of(text, "Name");
    const char *parent = text == NULL ? NULL : value_of(text, "PPid");
    const char *uid = text == NULL ? NULL : value_of(text, "Uid");
    if (name == NULL || parent == NULL || uid == NULL)
        return false;
    snprintf(out->name, sizeof out->name, "%.*s", (int)strcspn(name, "\n"), name);
    out->parent = (pid_t)strtol(parent, NULL, 10);
    out->uid = strtoul(uid, NULL, 10);
    return true;
}

static bool is_replaced(const struct doctor_world *world, pid_t pid)
{
    char target[4096];
    AUTO(memory_freep) char *link = memory_printf("/proc/%d/exe", (int)pid);
    AUTO(memory_freep) char *full = doctor_world_path(world, link);
    ssize_t length = readlink(full, target, sizeof target - 1);
    size_t ending = strlen(deleted);
    return length > (ssize_t)ending && memcmp(target + length - ending, deleted, ending) == 0;
}

static bool is_one(const struct doctor_world *world, pid_t pid, const char *name)
{
    struct facts facts, parent;
    if (!read_facts(world, pid, &facts) || strcmp(facts.name, name) != 0 || facts.uid != geteuid())
        return false;
    return !read_facts(world, facts.parent, &parent) || strcmp(parent.name, name) != 0;
}

size_t doctor_process_find(const struct doctor_world *world, const char *name,
                           struct doctor_process out[DOCTOR_PROCESSES_MAX])
{
    size_t count = 0;
    const struct dirent *entry;
    AUTO(dir_closep) DIR *dir = open_folder(world, "/proc");
    while (dir != NULL && count < DOCTOR_PROCESSES_MAX && (entry = readdir(dir)) != NULL) {
        pid_t pid = pid_of(entry->d_name);
        if (pid != 0 && is_one(world, pid, name))
            out[count++] = (struct doctor_process){pid, is_replaced(world, pid)};
    }
    return count;
}

char *doctor_process_variable(const struct doctor_world *world, pid_t pid, const char *name,
                              bool *out_known)
{
    AUTO(memory_freep) char *path = memory_printf("/proc/%d/environ", (int)pid);
    AUTO(memory_freep) char *full = doctor_world_path(world, path);
    FILE *file = fopen(full, "re");
    size_t size = 0, length = strlen(name);
    AUTO(memory_freep) char *entry = NULL;
    char *found = NULL;
    *out_known = file != NULL;
    if (file == NULL)
        return NULL;
    while (found == NULL && getdelim(&entry, &size, '\0', file) > 0)
        if (strncmp(entry, name, length) == 0 && entry[length] == '=')
            found = memory_text(entry + length + 1);
    fclose(file);
    return found;
}

static void stdio_closep(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

/* A line of maps ends with the file's path. */
static bool has_loaded(const struct doctor_world *world, pid_t pid, const char *library)
{
    AUTO(memory_freep) char *path = memory_printf("/proc/%d/maps", (int)pid);
    AUTO(memory_freep) char *full = doctor_world_path(world, path);
    AUTO(memory_freep) char *line = NULL;
    AUTO(stdio_closep) FILE *file = fopen(full, "re");
    size_t size = 0, length = strlen(library);
    while (file != NULL && getline(&line, &size, file) > 0) {
        const char *name = strrchr(line, '/');
        if (name != NULL && strncmp(name + 1, library, length) == 0)
            return true;
    }
    return false;
}

size_t doctor_process_with_library(const struct doctor_world *world, const char *library,
                                   struct doctor_program out[DOCTOR_PROCESSES_MAX])
{
    size_t count = 0;
    struct facts facts;
    const struct dirent *entry;
    AUTO(dir_closep) DIR *dir = open_folder(world, "/proc");
    while (dir != NULL && count < DOCTOR_PROCESSES_MAX && (entry = readdir(dir)) != NULL) {
        pid_t pid = pid_of(entry->d_name);
        if (pid == 0 || pid == getpid() || !has_loaded(world, pid, library) ||
            !read_facts(world, pid, &facts) || facts.uid != geteuid())
            continue;
        struct doctor_program *program = &out[count++];
        program->pid = pid;
        snprintf(program->name, sizeof program->name, "%s", facts.name);
    }
    return count;
}

static bool has_socket(const struct doctor_world *world, pid_t pid, const char *wanted)
{
    const struct dirent *entry;
    AUTO(memory_freep) char *path = memory_printf("/proc/%d/fd", (int)pid);
    AUTO(dir_closep) DIR *dir = open_folder(world, path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char target[64];
        ssize_t length = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
        if (length <= 0)
            continue;
        target[length] = '\0';
        if (strcmp(target, wanted) == 0)
            return true;
    }
    return false;
}

pid_t doctor_process_of_socket(const struct doctor_world *world, unsigned long inode,
                               char out_name[DOCTOR_PROCESS_NAME_BYTES])
{
    const struct dirent *entry;
    struct facts facts;
    AUTO(memory_freep) char *wanted = memory_printf("socket:[%lu]", inode);
    AUTO(dir_closep) DIR *dir = open_folder(world, "/proc");
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        pid_t pid = pid_of(entry->d_name);
        if (pid == 0 || !has_socket(world, pid, wanted) || !read_facts(world, pid, &facts))
            continue;
        snprintf(out_name, DOCTOR_PROCESS_NAME_BYTES, "%s", facts.name);
        return pid;
    }
    return 0;
}
