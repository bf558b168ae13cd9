/* How an answer is written. web_reply itself is declared in web.h. */
#pragma once

#include "portal/web/web.h"

/* Content-Disposition of a download, whatever the name holds; the caller frees. Source: RFC 6266 4.3 and
 * appendix D, RFC 8187 3.2. */
char *web_reply_disposition(const char *file_name);
/* Answers with a download that is sent from the disk as the client takes it; fd is taken over. */
void web_reply_file(const struct web_call *call, const char *file_name, const char *content_type,
                    int fd, uint64_t size_bytes, struct web_answer *out);
