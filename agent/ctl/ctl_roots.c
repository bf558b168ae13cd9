#include "agent/ctl/ctl_roots.h"

#include "agent/ctl/ctl_cert.h"
#include "base/buf.h"

static const char pem_begin[] = "-----BEGIN ";
static const char pem_certificate[] = "-----BEGIN CERTIFICATE-----";
static const char pem_end[] = "-----END CERTIFICATE-----";

/* Takes the next block off *text, with its first and last line; false when there is none. */
static bool take_block(struct span *text, struct span *out)
{
    const uint8_t *begin = memmem(text->at, text->len, pem_begin, strlen(pem_begin));
    if (begin == NULL)
        return false;
    size_t left = text->len - (size_t)(begin - text->at);
    const uint8_t *end = memmem(begin, left, pem_end, strlen(pem_end));
    size_t length = end == NULL ? left : (size_t)(end - begin) + strlen(pem_end);
    *out = span_of(begin, length);
    *text = span_of(begin + length, left - length);
    return true;
}

static enum err_code keep_intermediate(struct ctl_roots *roots, const struct cert *cert,
                                       struct err *err)
{
    const struct cert_facts *facts = cert_peek(cert);
    size_t i = roots->intermediate_count;
    if (facts->usage != CERT_USAGE_CA)
        return err_set(err, ERR_CERT_USAGE, "%s is no CA", facts->subject);
    if (i == CHAIN_INTERMEDIATES_MAX)
        return err_set(err, ERR_CONFIG, "more than %d CA certificates that are no roots",
                       CHAIN_INTERMEDIATES_MAX);
    roots->kept[i] = bytes_new(facts->der);
    roots->intermediates[i] = span_bytes(roots->kept[i]);
    roots->intermediate_count++;
    return ERR_NONE;
}

static enum err_code sort_block(struct ctl_roots *roots, struct span block, struct buf *root_pem,
                                struct err *err)
{
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(cert_freep) struct cert *cert = NULL;
    struct span first_line = span_part(block, 0, strlen(pem_certificate));
    if (!span_equal(first_line, span_text(pem_certificate)))
        return err_set(err, ERR_DER, "something else than a certificate");
    if (ctl_cert_der_of(block, &der, err) != ERR_NONE ||
        cert_parse(span_bytes(der), &cert, err) != ERR_NONE)
        return err->code;
    if (strcmp(cert_peek(cert)->subject, cert_peek(cert)->issuer) != 0)
        return keep_intermediate(roots, cert, err);
    AUTO(memory_freep) char *pem = cert_pem(cert);
    buf_add_text(root_pem, pem);
    return ERR_NONE;
}

enum err_code ctl_roots_read(struct span pem, struct ctl_roots *out, struct err *err)
{
    AUTO(ctl_roots_done) struct ctl_roots roots = {0};
    AUTO(buf_done) struct buf root_pem = BUF_INIT(2 * CTL_ROOTS_BYTES_MAX);
    struct span block;
    for (size_t count = 1; take_block(&pem, &block); count++)
        if (sort_block(&roots, block, &root_pem, err) != ERR_NONE)
            return err_add(err, "CA certificate %zu", count);
    if (chain_roots_from_pem(buf_span(&root_pem), &roots.roots, err) != ERR_NONE)
        return err->code;
    *out = roots;
    roots = (struct ctl_roots){0};
    return ERR_NONE;
}

void ctl_roots_done(struct ctl_roots *roots)
{
    chain_roots_freep(&roots->roots);
    for (size_t i = 0; i < CHAIN_INTERMEDIATES_MAX; i++)
        bytes_freep(&roots->kept[i]);
    roots->intermediate_count = 0;
}
