#include "token/piv/piv_cert.h"

#include <string.h>

#include "token/piv/piv_gzip.h"

#define TAG_CERTIFICATE 0x70
#define TAG_INFO 0x71
#define TAG_NAME 0x72
#define TAG_CHECK 0xFE
#define INFO_COMPRESSED 0x01

void piv_cert_done(struct piv_cert *cert)
{
    bytes_freep(&cert->der);
    *cert = (struct piv_cert){NULL};
}

static bool is_digit(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'F');
}

/* Two hexadecimal digits are what pairs without such an element are called. */
static void take_name(struct span value, char out[PIV_NAME_BYTES_MAX + 1])
{
    out[0] = '\0';
    if (value.len == 0 || value.len > PIV_NAME_BYTES_MAX)
        return;
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] <= 0x20 || value.at[i] >= 0x7F)
            return;
    if (value.len == 2 && is_digit((char)value.at[0]) && is_digit((char)value.at[1]))
        return;
    memcpy(out, value.at, value.len);
    out[value.len] = '\0';
}

bool piv_cert_parse(struct span content, struct piv_cert *out)
{
    struct span der, info, name;
    *out = (struct piv_cert){NULL};
    if (!piv_tlv_find(content, TAG_CERTIFICATE, &der) || !piv_tlv_find(content, TAG_INFO, &info) ||
        !piv_tlv_find(content, TAG_NAME, &name))
        return false;
    if (info.len > 0 && (info.at[0] & INFO_COMPRESSED) != 0) {
        if (!piv_gzip_unpack(der, TOKEN_CERT_BYTES_MAX, &out->der))
            return false;
    } else if (der.len > TOKEN_CERT_BYTES_MAX) {
        return false;
    } else if (der.len > 0) {
        out->der = bytes_new(der);
    }
    take_name(name, out->element);
    return true;
}

void piv_cert_build(struct buf *content, struct span der, const char *element)
{
    static const uint8_t plain = 0;
    if (der.len > 0) {
        piv_tlv_add(content, TAG_CERTIFICATE, der);
        piv_tlv_add(content, TAG_INFO, span_of(&plain, 1));
    }
    if (element[0] != '\0')
        piv_tlv_add(content, TAG_NAME, span_text(element));
    piv_tlv_add(content, TAG_CHECK, SPAN_NONE);
}
