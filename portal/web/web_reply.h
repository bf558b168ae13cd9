/* How an answer is written. web_reply itself is declared in web.h. */
#pragma once

/* Content-Disposition of a download, whatever the name holds; the caller frees. Source: RFC 6266 4.3 and
 * appendix D, RFC 8187 3.2. */
char *web_reply_disposition(const char *file_name);
