/* What can't be undone is done in a child; folders to do it in. */
#pragma once

#include <stdbool.h>

#include "agent/sandbox/sandbox.h"

/* As the exit status of a child that was killed by SIGSYS. */
#define APART_KILLED 1000

/* What function returns in a child, 0 to 254; APART_KILLED; minus another signal's number. */
int apart(int (*function)(const void *context), const void *context);

/* A folder in /tmp with "state", "runtime" and "outside" in it, for cmocka; *state is a struct apart_place. */
struct apart_place {
    char folder[32];
    char state[48];
    char runtime[48];
    char outside[48];
    struct sandbox_settings settings;
};

int apart_place_make(void **state);
int apart_place_remove(void **state);
/* The first version of the kernel's Landlock; 0: none. */
int apart_landlock(void);
