#include "agent/trust/trust_pem.h"

#include <string.h>

#include "base/buf.h"
#include "base/hex.h"

#define LINE_LENGTH 64
#define TEXT_BYTES_MAX (2 * TRUST_PEM_DER_MAX)

static const char begin[] = "-----BEGIN CERTIFICATE-----";
static const char end[] = "-----END CERTIFICATE-----";

enum err_code trust_pem_read(struct span pem, struct bytes **out_der, struct err *err)
{
    AUTO(bytes_freep) struct bytes *text = bytes_new(pem);
    const char *from = strstr((const char *)text->at, begin);
    const char *to = from == NULL ? NULL : strstr(from, end);
    if (to == NULL)
        return err_set(err, ERR_FILE, "no certificate in PEM");
    AUTO(buf_done) struct buf packed = BUF_INIT(TEXT_BYTES_MAX);
    for (const char *at = from + strlen(begin); at < to; at++)
        if (strchr(" \t\r\n", *at) == NULL)
            buf_add_u8(&packed, (uint8_t)*at);
    buf_add_u8(&packed, 0);
    if (packed.bad)
        return err_set(err, ERR_FILE, "a certificate of more than %d bytes", TRUST_PEM_DER_MAX);
    return base64_decode((const char *)packed.at, TRUST_PEM_DER_MAX, out_der, err);
}

char *trust_pem_write(struct span der)
{
    AUTO(memory_freep) char *packed = base64_encode(der);
    AUTO(buf_done) struct buf text = BUF_INIT(SIZE_MAX / 4);
    buf_printf(&text, "%s\n", begin);
    for (const char *at = packed; *at != '\0'; at += strnlen(at, LINE_LENGTH))
        buf_printf(&text, "%.*s\n", LINE_LENGTH, at);
    buf_printf(&text, "%s\n", end);
    return memory_printf("%.*s", (int)text.len, (const char *)text.at);
}
