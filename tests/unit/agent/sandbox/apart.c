#include "tests/unit/agent/sandbox/apart.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPEN_FOLDERS 8

int apart(int (*function)(const void *context), const void *context)
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(function(context));
    waitpid(pid, &status, 0);
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    return WTERMSIG(status) == SIGSYS ? APART_KILLED : -WTERMSIG(status);
}

int apart_place_make(void **state)
{
    static struct apart_place place;
    snprintf(place.folder, sizeof place.folder, "/tmp/test_sandbox.XXXXXX");
    if (mkdtemp(place.folder) == NULL)
        return -1;
    snprintf(place.state, sizeof place.state, "%s/state", place.folder);
    snprintf(place.runtime, sizeof place.runtime, "%s/runtime", place.folder);
    snprintf(place.outside, sizeof place.outside, "%s/outside", place.folder);
    place.settings = (struct sandbox_settings){
        .state_folder = place.state,
        .runtime_folder = place.runtime,
    };
    *state = &place;
    return mkdir(place.state, 0700) | mkdir(place.runtime, 0700) | mkdir(place.outside, 0700);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    return remove(path);
}

int apart_place_remove(void **state)
{
    const struct apart_place *place = *state;
    return nftw(place->folder, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

int apart_landlock(void)
{
    const unsigned ask_version = 1;
    long found = syscall(SYS_landlock_create_ruleset, NULL, 0, ask_version);
    return found > 0 ? (int)found : 0;
}
