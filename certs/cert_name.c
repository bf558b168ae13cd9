#include "certs/cert_name.h"

#include "certs/cert.h"

/* Cuts where a character begins. */
static char *cut_text(const char *text, size_t length)
{
    if (length > CERT_TEXT_BYTES_MAX - 1) {
        length = CERT_TEXT_BYTES_MAX - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    char *copy = memory_new(length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    return copy;
}

char *cert_name_text(const X509_NAME *name)
{
    AUTO(ossl_bio_freep) BIO *bio = BIO_new(BIO_s_mem());
    unsigned long style = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    char *text = NULL;
    if (bio == NULL || X509_NAME_print_ex(bio, name, 0, style) < 0)
        return memory_text("");
    long length = BIO_get_mem_data(bio, &text);
    return cut_text(text, length > 0 ? (size_t)length : 0);
}

static void openssl_freep(unsigned char **memory)
{
    OPENSSL_free(*memory);
    *memory = NULL;
}

char *cert_name_attribute(const X509_NAME *name, int nid)
{
    AUTO(openssl_freep) unsigned char *utf8 = NULL;
    int last = -1;
    for (int at = -1; (at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0;)
        last = at;
    if (last < 0)
        return memory_text("");
    ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last));
    int length = ASN1_STRING_to_UTF8(&utf8, value);
    if (length < 0)
        return memory_text("");
    for (int i = 0; i < length; i++)
        if (utf8[i] < ' ' || utf8[i] == 0x7F)
            utf8[i] = ' ';
    return cut_text((const char *)utf8, (size_t)length);
}
