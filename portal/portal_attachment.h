/* CA办理电子件: the files that a bidder hands in with an order. They lie outside of anything that is served,
 * in FOLDER/attachments/ORDER/ID with random ids; names, types and digests are in the database. What one
 * order has on the disk is what its rows name: anything else there is a broken upload and is removed. */
#pragma once

#include "base/json.h"
#include "portal/portal_attachment_check.h"
#include "portal/portal_order.h"

#define PORTAL_ATTACHMENT_BYTES_MAX ((size_t)5 * 1024 * 1024) /* a scanned page has 1 MiB */
#define PORTAL_ATTACHMENTS_PER_ORDER 10

struct portal_attachment_new {
    const char *name;
    const char *content_type; /* as it was sent */
    struct span content;
};
/* Keeps the file; one of the same name is replaced. ERR_ATTACHMENT_NAME, _TYPE, _LIMIT,
 * ERR_HTTP_TOO_LARGE, ERR_FILE, and what portal_order_check says to an edit. */
MUST_CHECK enum err_code portal_attachment_put(struct portal *portal, const char *order_number,
                                               const struct portal_attachment_new *new,
                                               struct json **out, struct err *err);
/* ERR_NO_SUCH_RECORD; ERR_FILE when the file is not what was handed in. *out_type is static. */
MUST_CHECK enum err_code portal_attachment_read(struct portal *portal, const char *order_number,
                                                const char *name, struct bytes **out,
                                                const char **out_type, struct err *err);
/* Checks it like portal_attachment_read, and leaves the content on the disk: who fetches slowly holds no
 * memory. The caller closes *out_fd. */
MUST_CHECK enum err_code portal_attachment_open(struct portal *portal, const char *order_number,
                                                const char *name, int *out_fd,
                                                uint64_t *out_size_bytes, const char **out_type,
                                                struct err *err);
/* ERR_NO_SUCH_RECORD, and what portal_order_check says to an edit. */
MUST_CHECK enum err_code portal_attachment_delete(struct portal *portal, const char *order_number,
                                                  const char *name, struct err *err);
/* {name, type, size, sha256, at}, in the order of uploading. */
MUST_CHECK enum err_code portal_attachment_list(struct portal *portal, const char *order_number,
                                                struct json **out, struct err *err);
