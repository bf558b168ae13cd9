/* What the files of the CA share: portal_ca.c (issuing), portal_ca_make.c, portal_ca_crl.c. */
#pragma once

#include "portal/portal_ca.h"
#include "portal/portal_ca_signer.h"
#include "portal/portal_x509.h"

struct portal_authority {
    X509 *certificate; /* of the issuing CA */
    struct bytes *der; /* the same */
    struct ca_signer *signer;
};

struct portal_ca {
    struct portal_authority authorities[PORTAL_CA_COUNT]; /* by enum cert_algorithm */
};

/* folder/ca/sm2-part; the caller frees. */
char *portal_ca_path(const char *folder, enum cert_algorithm authority, const char *part);
