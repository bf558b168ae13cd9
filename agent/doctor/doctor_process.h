/* Processes of this user, by procfs. */
#pragma once

#include <sys/types.h>

#include "agent/doctor/doctor_world.h"

/* Of one name: more than two are one finding anyway. */
#define DOCTOR_PROCESSES_MAX 8
#define DOCTOR_PROCESS_NAME_BYTES 16 /* TASK_COMM_LEN */

struct doctor_process {
    pid_t pid;
    bool replaced; /* its program's file was replaced or removed since it started */
};

/* Those of our user with this name, without children of one of the same name. */
size_t doctor_process_find(const struct doctor_world *world, const char *name,
                           struct doctor_process out[DOCTOR_PROCESSES_MAX]);
/* A variable that the process was started with; NULL: it has none. The caller frees. out_known: whether its
 * environment may be read at all. */
char *doctor_process_variable(const struct doctor_world *world, pid_t pid, const char *name,
                              bool *out_known);
struct doctor_program {
    pid_t pid;
    char name[DOCTOR_PROCESS_NAME_BYTES];
};

/* Processes of our user, but this one, that have a library loaded whose file's name begins so; those that
 * hide their memory are left out. */
size_t doctor_process_with_library(const struct doctor_world *world, const char *library,
                                   struct doctor_program out[DOCTOR_PROCESSES_MAX]);
/* The process that has this socket open, 0 when none may be seen; its name goes to out_name. */
pid_t doctor_process_of_socket(const struct doctor_world *world, unsigned long inode,
                               char out_name[DOCTOR_PROCESS_NAME_BYTES]);
