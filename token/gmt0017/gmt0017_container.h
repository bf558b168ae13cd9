/* Container management: Enum-, Create-, Open-, DeleteContainer, GetContainerInfo, ImportCertificate,
 * ExportCertificate. Numbers of open containers and what was learnt about them are remembered. */
#pragma once

#include "token/gmt0017/gmt0017.h"

/* Fills key->containers: what was known of names that are still there is kept. */
MUST_CHECK enum err_code gmt0017_container_list(struct gmt0017 *key, struct err *err);
/* Asks the key, and remembers. ERR_TOKEN_NO_CONTAINER. */
MUST_CHECK enum err_code gmt0017_container_info(struct gmt0017 *key, const char *name,
                                                struct gmt0017_container_info *out,
                                                struct err *err);
/* What is remembered of its keys, else asks. Certificates may have come since. */
MUST_CHECK enum err_code gmt0017_container_known_info(struct gmt0017 *key, const char *name,
                                                      struct gmt0017_container_info *out,
                                                      struct err *err);
/* What we know without asking, because we just made it so. */
void gmt0017_container_remember(struct gmt0017 *key, const char *name,
                                const struct gmt0017_container_info *info);
/* Forgets what is known of the keys in it, not its number. */
void gmt0017_container_forget_info(struct gmt0017 *key, const char *name);

/* A command about an open container: its data are preceded by the application's and the container's
 * number, which is found out first where it is not known. When the key says that it has no such open
 * container the number is asked for again, once; what it refuses so it has not done. As gmt0017_send. */
MUST_CHECK enum err_code gmt0017_container_send(struct gmt0017 *key, const char *name,
                                                const struct gmt0017_command *command,
                                                size_t want_bytes, struct bytes **out,
                                                struct err *err);
/* The same as gmt0017_read. */
MUST_CHECK enum err_code gmt0017_container_read(struct gmt0017 *key, const char *name,
                                                const struct gmt0017_command *command,
                                                size_t limit_bytes, struct bytes **out,
                                                struct err *err);

/* A new, empty one. ERR_TOKEN_EXISTS when the name is taken, ERR_TOKEN_NO_SPACE when the key holds as
 * many as it can. */
MUST_CHECK enum err_code gmt0017_container_create(struct gmt0017 *key, const char *name,
                                                  struct err *err);
MUST_CHECK enum err_code gmt0017_container_delete(struct gmt0017 *key, const char *name,
                                                  struct err *err);

/* ERR_TOKEN_NO_CERTIFICATE. */
MUST_CHECK enum err_code gmt0017_container_read_cert(struct gmt0017 *key, const char *name,
                                                     enum token_slot slot, struct bytes **out,
                                                     struct err *err);
MUST_CHECK enum err_code gmt0017_container_write_cert(struct gmt0017 *key, const char *name,
                                                      enum token_slot slot, struct span der,
                                                      struct err *err);
/* Everything: the containers, what is in them, their certificates. */
MUST_CHECK enum err_code gmt0017_container_read_all(struct gmt0017 *key, struct token_pairs **out,
                                                    struct err *err);
