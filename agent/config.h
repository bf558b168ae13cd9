/* The agent's configuration: what an administrator decides. Files are INI; see docs/man/ukeyd.conf.5. */
#pragma once

#include "base/err.h"

#define CONFIG_FILE_BYTES_MAX 65536
#define CONFIG_PLATFORMS_MAX 64
#define CONFIG_DEFAULT_FILE "/etc/ukeyd/ukeyd.conf"
#define CONFIG_PLATFORM_FOLDER "/etc/ukeyd/platforms.d"
#define CONFIG_PROFILE_FOLDER "/etc/ukeyd/profiles.d"

/* A platform that may use the agent. All texts are owned by the configuration. */
struct config_platform {
    char *id; /* of its section: [platform sunshine] */
    char *name; /* for people: "阳光采购服务平台" */
    char *origin; /* "https://host" or "https://host:port": exact, lower case, no trailing slash */
    char *api; /* default: origin + "/agent/v1"; https only */
    char *tls_ca; /* PEM file that its TLS certificate must chain to; NULL: the system's roots */
    char *roots; /* PEM file with the roots of the certificates that it issues */
    char *
        seal_roots; /* the same of its seal makers alone; NULL: those of roots, by makers that are marked */
    char *
        proxy; /* as libcurl takes it, without a log-in; "" and "off": none; NULL: that of the agent */
};

struct config {
    char *pinentry; /* absolute path; NULL: /usr/bin/pinentry */
    char *profile_folder; /* NULL: CONFIG_PROFILE_FOLDER */
    char *proxy; /* for platforms that name none; NULL: from the environment or the desktop */
    char *proxy_login; /* file with the proxy's "user:password"; NULL: the person's own */
    int port; /* first HTTPS port, default 27510; plain HTTP is one above */
    int prompt_seconds; /* how long a dialog waits, 10 to 600, default 120 */
    size_t platform_count;
    struct config_platform platforms[CONFIG_PLATFORMS_MAX];
    size_t left_out_count;
    struct err *left_out; /* why a file of the folder is left out as a whole: names file and line */
};

/* Reads file (NULL: CONFIG_DEFAULT_FILE, which may be missing) and then the *.conf of
 * CONFIG_PLATFORM_FOLDER in order (only when file is NULL). ERR_CONFIG names file, line and key: also for
 * unknown keys, an origin that is not exact, two platforms of one origin. ERR_FILE, ERR_FILE_MISSING.
 * What is wrong in the folder stands in left_out and never keeps the other platforms from working: a file
 * that breaks these rules, or has the id, origin or name of a platform in a file before it. */
MUST_CHECK enum err_code config_read(const char *file, struct config **out, struct err *err);
/* The same with other places for the defaults: file may be missing, and so may folder. */
MUST_CHECK enum err_code config_read_folder(const char *file, const char *folder,
                                            struct config **out, struct err *err);
void config_free(struct config *config);
void config_freep(struct config **config);
/* The platform of an origin (byte-equal), NULL when it is not listed. */
const struct config_platform *config_platform_of(const struct config *config, const char *origin);
