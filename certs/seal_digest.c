#include "certs/seal_digest.h"

#include <stdlib.h>
#include <strings.h>

#include "certs/ossl.h"

static const char *algorithm_of(const char *name)
{
    static const char *const sha256_names[] = {"SHA256", "SHA-256", "2.16.840.1.101.3.4.2.1"};
    for (size_t i = 0; i < ARRAY_SIZE(sha256_names); i++)
        if (strcasecmp(sha256_names[i], name) == 0)
            return "SHA256";
    return "SM3";
}

/* There is no input on which a digest fails: only memory can be out, which ends the process. */
void seal_digest(const char *name, struct span bytes, uint8_t out[SEAL_DIGEST_BYTES])
{
    AUTO(ossl_md_freep) EVP_MD *md = EVP_MD_fetch(ossl_context(), algorithm_of(name), NULL);
    if (md == NULL || EVP_Digest(bytes.at, bytes.len, out, NULL, md, NULL) != 1)
        abort();
}
