/* Remote control of a running virtual key: a Unix socket, one line per command, one line of JSON per
 * answer. Belongs to the loop's thread. */
#pragma once

#include "base/json.h"
#include "base/loop.h"

/* Longest command: a file name and a word. */
#define VIRTUAL_CONTROL_LINE_BYTES_MAX 4608
/* Longest answer: statistics of 256 commands. */
#define VIRTUAL_CONTROL_ANSWER_BYTES_MAX (32 * 1024)
/* Scripts connect one at a time. */
#define VIRTUAL_CONTROL_CLIENTS_MAX 8

struct virtual_control;

/* Called for each line (without its end). The answer is the caller's to free. */
typedef struct json *(*virtual_control_fn)(void *context, const char *line);

/* Makes the socket, mode 0600, in place of one that nobody listens on any more. Fails with
 * ERR_ALREADY_RUNNING when somebody does, ERR_FILE, ERR_USAGE (path too long). */
MUST_CHECK enum err_code virtual_control_open(struct loop *loop, const char *path,
                                              virtual_control_fn function, void *context,
                                              struct virtual_control **out, struct err *err);
/* Removes the socket. */
void virtual_control_free(struct virtual_control *control);
void virtual_control_freep(struct virtual_control **control);

/* The other side: sends one line, waits for its answer until the deadline. The caller frees *out.
 * Fails with ERR_SOCKET, ERR_DEADLINE, ERR_USAGE (line too long). */
MUST_CHECK enum err_code virtual_control_ask(const char *path, const char *line,
                                             struct deadline deadline, char **out, struct err *err);
