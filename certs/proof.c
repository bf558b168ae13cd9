#include "certs/proof.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/buf.h"
#include "certs/ossl.h"

#define PART_BYTES_MAX UINT16_MAX
#define MESSAGE_BYTES_MAX (4 * (2 + PART_BYTES_MAX))

static void add_part(struct buf *buf, struct span part)
{
    buf_add_u16_be(buf, (uint16_t)part.len);
    buf_add(buf, part);
}

enum err_code proof_message(const char *label, const char *job_id, struct span challenge,
                            struct span body, struct bytes **out, struct err *err)
{
    const struct span parts[] = {span_text(label), span_text(job_id), challenge, body};
    AUTO(buf_done) struct buf message = BUF_INIT(MESSAGE_BYTES_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (parts[i].len > PART_BYTES_MAX)
            return err_set(err, ERR_FIELD_VALUE, "part %zu of a proof has %zu bytes", i,
                           parts[i].len);
        add_part(&message, parts[i]);
    }
    *out = buf_bytes(&message);
    return ERR_NONE;
}

struct bytes *proof_confirmation_body(const char *outcome, const uint8_t digest[32])
{
    AUTO(buf_done) struct buf body = BUF_INIT(strlen(outcome) + 33);
    buf_add_text(&body, outcome);
    buf_add_u8(&body, '\n');
    buf_add(&body, span_of(digest, 32));
    return buf_bytes(&body);
}

/* There is no input on which a digest fails: only memory can be out, which ends the process. */
void proof_sha256(struct span bytes, uint8_t out[32])
{
    AUTO(ossl_md_freep) EVP_MD *md = EVP_MD_fetch(ossl_context(), "SHA256", NULL);
    if (md == NULL || EVP_Digest(bytes.at, bytes.len, out, NULL, md, NULL) != 1)
        abort();
}

void proof_written_digest(struct span sign_cert, struct span encrypt_cert, uint8_t out[32])
{
    AUTO(buf_done) struct buf written = BUF_INIT(2 * (2 + PART_BYTES_MAX));
    add_part(&written, sign_cert);
    add_part(&written, encrypt_cert);
    proof_sha256(buf_span(&written), out);
}
