/* For the tests of the doctor: a computer in a folder, and an agent that answers from a list. */
#pragma once

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "agent/doctor/doctor_finding.h"
#include "agent/doctor/doctor_world.h"

struct patient {
    char *folder;
    struct doctor_world world; /* root is folder; no configuration, no agent */
};

/* For cmocka: *state is a struct patient. */
int patient_start(void **state);
int patient_stop(void **state);

/* path below the folder; the caller frees. */
char *patient_path(const struct patient *patient, const char *path);
/* A file, with the folders that it needs. */
void patient_write(const struct patient *patient, const char *path, const char *text, mode_t mode);
void patient_folder(const struct patient *patient, const char *path, mode_t mode);
/* A configuration of one platform, "sunshine" at https://platform.example, with more lines of [agent] and of
 * the platform; NULL: none. */
void patient_config(struct patient *patient, const char *agent, const char *platform);
/* The agent's answer to a path from now on, JSON; NULL: it can't be reached. What it answers to
 * /v1/status is the world's status. */
void patient_answer(struct patient *patient, const char *path, const char *json);
/* As a check's own ask. */
enum err_code patient_ask(const char *socket_path, const char *path, int timeout_s,
                          struct json **out, struct err *err);

/* The codes that were found, with blanks between them, are these; wanted "" is none. Empties findings. */
void assert_found(struct doctor_findings *findings, const char *wanted);
