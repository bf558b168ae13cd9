#include "attachments.h"

#include "base/buf.h"

#define BYTES_MAX 65536

static struct bytes *finished(struct buf *buf)
{
    struct bytes *bytes = buf_bytes(buf);
    buf_done(buf);
    return bytes;
}

struct bytes *attachment_joined(struct span a, struct span b)
{
    struct buf buf = BUF_INIT(16 << 20);
    buf_add(&buf, a);
    buf_add(&buf, b);
    return finished(&buf);
}

struct bytes *attachment_pdf(void)
{
    struct buf buf = BUF_INIT(BYTES_MAX);
    buf_add_text(&buf, "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
                       "2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n");
    size_t offset = buf.len;
    buf_printf(&buf,
               "xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n"
               "trailer<</Size 3/Root 1 0 R>>\nstartxref\n%zu\n%%%%EOF\n",
               offset);
    return finished(&buf);
}

/* 1 x 1, black. */
struct bytes *attachment_png(void)
{
    static const char png[] =
        "\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0\x3A\x7E\x9B\x55"
        "\0\0\0\x0AIDAT\x78\xDA\x63\x60\0\0\0\2\0\1\xE5\x27\xDE\xFC\0\0\0\0IEND\xAE\x42\x60\x82";
    return bytes_new(span_of(png, sizeof png - 1));
}

/* The markers of a JPEG, and data that no one decodes. */
struct bytes *attachment_jpeg(void)
{
    static const char jpeg[] = "\xFF\xD8\xFF\xE0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
                               "\xFF\xC0\0\x0B\x08\0\1\0\1\1\1\x11\0"
                               "\xFF\xDA\0\x08\1\1\0\0\x3F\0\x12\xFF\0\x34\xFF\xD0\x56\xFF\xD9";
    return bytes_new(span_of(jpeg, sizeof jpeg - 1));
}
