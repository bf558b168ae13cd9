/* One NSS database folder (cert9.db): finding, adding and removing a certificate of ours, and nothing else. */
#pragma once

#include "agent/trust/trust_certutil.h"

/* Whatever stands for us in a database is called so, then a number. Firefox names by the subject, which
 * begins so too. */
#define TRUST_NSS_NAME "ukeyd"
/* Of one database, whoever put them there. */
#define TRUST_NSS_OURS_MAX 32

enum trust_nss_state {
    TRUST_NSS_ABSENT, /* no such certificate, or no database */
    TRUST_NSS_UNTRUSTED, /* it is there without the trust of a server's certificate */
    TRUST_NSS_TRUSTED,
};

/* Whether there is a database in the folder. */
bool trust_nss_exists(const char *folder);
/* Makes an empty one without a password, in a folder that exists. Errors of trust_certutil_run. */
MUST_CHECK enum err_code trust_nss_create(const struct trust_certutil *tool, const char *folder,
                                          struct err *err);
/* der: the certificate, which only counts when its name begins with TRUST_NSS_NAME. Errors of
 * trust_certutil_run, and ERR_TRUST_BUSY when another program holds the database. */
MUST_CHECK enum err_code trust_nss_look(const struct trust_certutil *tool, const char *folder,
                                        struct span der, enum trust_nss_state *out,
                                        struct err *err);
/* Adds it as a trusted server certificate (P,,) that vouches for nothing but itself; nothing to do when it
 * is that already. When it fails the database is as before. The same errors. */
MUST_CHECK enum err_code trust_nss_add(const struct trust_certutil *tool, const char *folder,
                                       struct span der, struct err *err);
/* Removes it under every such name; nothing to do when it is not there. The same errors. */
MUST_CHECK enum err_code trust_nss_remove(const struct trust_certutil *tool, const char *folder,
                                          struct span der, struct err *err);
/* Deletes the database's own files when it holds no certificate and no key; out_deleted says whether. */
MUST_CHECK enum err_code trust_nss_delete_empty(const struct trust_certutil *tool,
                                                const char *folder, bool *out_deleted,
                                                struct err *err);
