/* Files that anyone may fetch from the pages: the driver package, the manual. Their content lies in the
 * portal's folder under its SHA-256, so that what is fetched is what was registered. */
#pragma once

#include "base/json.h"
#include "portal/portal.h"

#define PORTAL_DOWNLOAD_BYTES_MAX ((size_t)256 << 20) /* a driver package for all systems */
#define PORTAL_DOWNLOAD_NAME_BYTES_MAX 255 /* what file systems take */

/* Copies the file in; one of the same name is replaced. kind: "driver" or "manual". name: what it is called
 * where it is fetched. ERR_USAGE (kind), ERR_FIELD_VALUE (name), ERR_FILE, ERR_FILE_MISSING. */
MUST_CHECK enum err_code portal_download_add(struct portal *portal, const char *kind,
                                             const char *name, const char *path, int64_t *out_id,
                                             struct err *err);
/* ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code portal_download_remove(struct portal *portal, const char *name,
                                                struct err *err);
/* [{id, name, kind, size, sha256, url}], the driver first. url: base and the id. */
MUST_CHECK enum err_code portal_download_list(struct portal *portal, const char *base,
                                              struct json **out, struct err *err);

/* An open one; owned. */
struct portal_download {
    char *name;
    uint64_t size_bytes;
    int fd; /* -1: it was taken */
};
/* ERR_NO_SUCH_RECORD; ERR_FILE when the content is not there any more. */
MUST_CHECK enum err_code portal_download_open(struct portal *portal, int64_t id,
                                              struct portal_download *out, struct err *err);
void portal_download_done(struct portal_download *download);
