/* The content of a certificate object: 70 certificate, 71 how it is stored, 72 MSCUID, FE.
 * Source: SP 800-73-4 Part 1 table 10 and appendix A. */
#pragma once

#include "token/piv/piv.h"

#define PIV_CERT_CONTENT_BYTES_MAX (TOKEN_CERT_BYTES_MAX + 64)

struct piv_cert {
    struct bytes *der; /* NULL: none */
    char element[PIV_NAME_BYTES_MAX + 1]; /* element 72; "" when it is none that can name a pair */
};
void piv_cert_done(struct piv_cert *cert);

/* Compressed certificates are unpacked. False when the content is none of a certificate object; out then
 * is empty. */
bool piv_cert_parse(struct span content, struct piv_cert *out);
/* der may be empty (an object that only has a name), element may be "". */
void piv_cert_build(struct buf *content, struct span der, const char *element);
/* The same with the name in front, so that it is there whatever happens to the rest. */
void piv_cert_build_named(struct buf *content, struct span der, const char *element);
/* Whether its writing broke off on a card that fills objects with zeros before: nothing but those stands where 71
 * and FE should. */
bool piv_cert_is_cut_off(struct span content);
/* The name in front of an object, the rest of which may be missing; false when there is none. */
bool piv_cert_first_name(struct span content, char out[PIV_NAME_BYTES_MAX + 1]);
