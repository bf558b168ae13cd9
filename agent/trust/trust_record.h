/* What was put where, beside the agent's certificate: written before a browser's data is touched, so that
 * everything can be taken back. */
#pragma once

#include "base/err.h"
#include "base/span.h"

#define TRUST_RECORD_NAME "trust.json"
/* The present certificate and those before it that could not be removed yet. */
#define TRUST_RECORD_CERTS_MAX 8
/* Folders with certificates of ours, and folders that we made. */
#define TRUST_RECORD_PATHS_MAX 32

struct trust_record {
    bool wanted; /* false: what is recorded could not be removed yet */
    bool incomplete; /* the present certificate could not be put everywhere yet */
    size_t cert_count;
    struct bytes *certs[TRUST_RECORD_CERTS_MAX]; /* DER, the present one last */
    size_t place_count;
    char *
        places[TRUST_RECORD_PATHS_MAX]; /* folders of NSS databases and of Firefox's certificates */
    size_t made_count;
    char *made[TRUST_RECORD_PATHS_MAX]; /* folders, each after the one it is in */
};

/* folder: of the identity. Fails with ERR_FILE_MISSING, ERR_FILE (also when it can't be understood). */
MUST_CHECK enum err_code trust_record_read(const char *folder, struct trust_record *out,
                                           struct err *err);
MUST_CHECK enum err_code trust_record_write(const char *folder, const struct trust_record *record,
                                            struct err *err);
MUST_CHECK enum err_code trust_record_delete(const char *folder, struct err *err);
void trust_record_done(struct trust_record *record);

bool trust_record_has_cert(const struct trust_record *record, struct span der);
/* Makes it the last one. When there is no room the oldest is forgotten. */
void trust_record_add_cert(struct trust_record *record, struct span der);
/* Forgets all but the last. */
void trust_record_keep_last(struct trust_record *record);
/* Each once. ERR_FILE when there is no room, or when the name is not UTF-8. */
MUST_CHECK enum err_code trust_record_add_place(struct trust_record *record, const char *path,
                                                struct err *err);
MUST_CHECK enum err_code trust_record_add_made(struct trust_record *record, const char *path,
                                               struct err *err);
bool trust_record_made(const struct trust_record *record, const char *path);
