/* What an attachment is: by its bytes, whatever its sender says. Pure. */
#pragma once

#include "base/err.h"
#include "base/span.h"

#define PORTAL_ATTACHMENT_NAME_BYTES_MAX 128 /* 42 Chinese characters */

enum portal_attachment_type {
    PORTAL_ATTACHMENT_PDF,
    PORTAL_ATTACHMENT_PNG,
    PORTAL_ATTACHMENT_JPEG,
    PORTAL_ATTACHMENT_TYPE_COUNT
};
/* "application/pdf", "image/png", "image/jpeg". */
const char *portal_attachment_type_text(enum portal_attachment_type type);

/* UTF-8 of 1 to PORTAL_ATTACHMENT_NAME_BYTES_MAX bytes that any file system and any screen shows as it is:
 * without path and control characters, characters that turn or hide others, and dots or spaces at the ends.
 * ERR_ATTACHMENT_NAME. */
MUST_CHECK enum err_code portal_attachment_check_name(const char *name, struct err *err);
/* A whole PDF, PNG or JPEG from the first byte to the last, with nothing behind it and no ZIP archive
 * inside: what a viewer shows is all that it is. content_type: as it was sent, NULL: was not. Both it and
 * the name's extension must agree with the content. ERR_ATTACHMENT_TYPE. */
MUST_CHECK enum err_code portal_attachment_check(struct span content, const char *name,
                                                 const char *content_type,
                                                 enum portal_attachment_type *out, struct err *err);
