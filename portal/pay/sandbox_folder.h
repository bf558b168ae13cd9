/* The sandbox service's folder: its keys, whom it trusts, and how its notifications are to behave. */
#pragma once

#include "portal/pay/pay_key.h"

#define SANDBOX_PAYEE_BYTES_MAX 192

/* What becomes of notifications: for trying a merchant. */
enum sandbox_notify {
    SANDBOX_NOTIFY_NORMAL,
    SANDBOX_NOTIFY_LOST, /* never sent */
    SANDBOX_NOTIFY_LATE, /* sent after a while */
    SANDBOX_NOTIFY_DOUBLED, /* sent twice */
    SANDBOX_NOTIFY_COUNT
};

/* Makes folder with trades/, the service's keys (service.key, service.pem) and a TLS identity for host.
 * ERR_RECORD_EXISTS when it was done before. */
MUST_CHECK enum err_code sandbox_folder_init(const char *folder, const char *host, struct err *err);
/* Notes the one merchant: its public key, the CA that vouches for its TLS certificate (NULL: the
 * system's), and the name that payers read. ERR_CONFIG. */
MUST_CHECK enum err_code sandbox_folder_trust(const char *folder, const char *key_file,
                                              const char *ca_file, const char *payee,
                                              struct err *err);

struct sandbox_folder {
    char *path;
    struct pay_key *own_key;
    struct pay_key *merchant_key;
    char *payee;
    char *merchant_ca_file; /* NULL: the system's */
};
/* ERR_FILE_MISSING when there was no init or no merchant is trusted. */
MUST_CHECK enum err_code sandbox_folder_open(const char *path, struct sandbox_folder **out,
                                             struct err *err);
void sandbox_folder_free(struct sandbox_folder *folder);
void sandbox_folder_freep(struct sandbox_folder **folder);

/* "normal", "lost", "late", "doubled"; also while the service runs. ERR_USAGE. */
MUST_CHECK enum err_code sandbox_folder_set_notify(const char *path, const char *word,
                                                   struct err *err);
/* Normal unless it was set. */
enum sandbox_notify sandbox_folder_notify(const char *path);
