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

#define REST_BYTES 5 /* 71 with its byte, FE */

bool piv_cert_is_cut_off(struct span content)
{
    struct piv_tlv object;
    while (content.len > 0 && content.at[0] != 0)
        if (!piv_tlv_next(&content, &object) || object.tag == TAG_INFO || object.tag == TAG_CHECK)
            return false;
    for (size_t i = 0; i < content.len; i++)
        if (content.at[i] != 0)
            return false;
    return content.len >= REST_BYTES;
}

bool piv_cert_first_name(struct span content, char out[PIV_NAME_BYTES_MAX + 1])
{
    struct piv_tlv first;
    out[0] = '\0';
    if (piv_tlv_next(&content, &first) && first.tag == TAG_NAME)
        take_name(first.value, out);
    return out[0] != '\0';
}

static void add_name(struct buf *content, const char *element)
{
    if (element[0] != '\0')
        piv_tlv_add(content, TAG_NAME, span_text(element));
}

static void add_cert(struct buf *content, struct span der)
{
    static const uint8_t plain = 0;
    if (der.len == 0)
        return;
    piv_tlv_add(content, TAG_CERTIFICATE, der);
    piv_tlv_add(content, TAG_INFO, span_of(&plain, 1));
}

void piv_cert_build(struct buf *content, struct span der, const char *element)
{
    add_cert(content, der);
    add_name(content, element);
    piv_tlv_add(content, TAG_CHECK, SPAN_NONE);
}

void piv_cert_build_named(struct buf *content, struct span der, const char *element)
{
    add_name(content, element);
    add_cert(content, der);
    piv_tlv_add(content, TAG_CHECK, SPAN_NONE);
}
