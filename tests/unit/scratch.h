/* Where tests keep databases: in memory when the machine has such a folder, for each transaction waits
 * for the disk otherwise. */
#pragma once

#include <unistd.h>

static inline const char *scratch_top(void)
{
    return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}
