/* What the checks look at: this computer, the agent's settings and folders, and the agent itself. It is filled
 * in once; afterwards checks in several threads only read it. */
#pragma once

#include "agent/config.h"
#include "base/json.h"

/* GET path at the agent's socket, as ctl_client does it. From any thread. */
typedef enum err_code (*doctor_ask_fn)(const char *socket_path, const char *path, int timeout_s,
                                       struct json **out, struct err *err);

/* Texts are borrowed; NULL for what has a default. */
struct doctor_options {
    const char *config_file; /* NULL: the default ones */
    const char *state_folder; /* NULL: $XDG_DATA_HOME/ukeyd or ~/.local/share/ukeyd */
    const char *socket_path; /* of the agent; its folder is the runtime folder when named "ukeyd" */
    const char *root; /* before every path of the computer: NULL or "" but in tests */
    doctor_ask_fn ask;
};

struct doctor_world {
    char *root;
    char *config_file;
    char *state_folder; /* NULL: there is no HOME */
    char *socket_path;
    char *runtime_folder; /* NULL: the socket is in none of an agent */
    doctor_ask_fn ask;
    struct config *config; /* NULL: config_err says why */
    struct err config_err;
    struct json *status; /* the agent's answer to /v1/status; NULL: agent_err says why */
    struct err agent_err;
};

/* The agent's state folder; given NULL: the default one, NULL when there is no HOME. The caller frees. */
char *doctor_world_state_folder(const char *given);
/* Reads the configuration and asks the agent for its state, for at most DOCTOR_STATUS_SECONDS. */
#define DOCTOR_STATUS_SECONDS 4
struct doctor_world *doctor_world_new(const struct doctor_options *options);
void doctor_world_free(struct doctor_world *world);
void doctor_world_freep(struct doctor_world **world);

/* path of the computer; the caller frees. */
char *doctor_world_path(const struct doctor_world *world, const char *path);
/* Of procfs, sysfs and /etc files: /proc/net/tcp of 5,000 sockets, and room. */
#define DOCTOR_FILE_BYTES_MAX 1048576
/* A small file of the computer, whatever size it says it has; NULL when there is none. The caller frees. */
char *doctor_world_read(const struct doctor_world *world, const char *path);
/* Its first line. */
char *doctor_world_line(const struct doctor_world *world, const char *path);
/* Whether something of that path is there. */
bool doctor_world_has(const struct doctor_world *world, const char *path);
/* Whether the agent answered. */
bool doctor_world_agent_runs(const struct doctor_world *world);
/* A text member of an object, NULL when it has none. */
const char *doctor_world_text(const struct json *object, const char *name);
