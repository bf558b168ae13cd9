#include "portal/portal_like.h"

#include "base/buf.h"

enum err_code portal_like_pattern(const char *search, char **out, struct err *err)
{
    AUTO(buf_done) struct buf pattern = BUF_INIT(2 * PORTAL_LIKE_BYTES_MAX + 3);
    if (search == NULL || search[0] == '\0') {
        *out = NULL;
        return ERR_NONE;
    }
    size_t length = strlen(search);
    if (length > PORTAL_LIKE_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "search: %zu bytes, %d are allowed", length,
                       PORTAL_LIKE_BYTES_MAX);
    buf_add_u8(&pattern, '%');
    for (size_t at = 0, size; at < length; at += size) {
        size = text_utf8_length(search + at, length - at);
        if (size == 0)
            return err_set(err, ERR_FIELD_VALUE, "search: not UTF-8");
        if (strchr("%_\\", search[at]) != NULL)
            buf_add_u8(&pattern, '\\');
        buf_add(&pattern, span_of(search + at, size));
    }
    buf_add_u8(&pattern, '%');
    buf_add_u8(&pattern, '\0');
    *out = memory_text((const char *)buf_span(&pattern).at);
    return ERR_NONE;
}

int64_t portal_like_from(const struct portal_page *page)
{
    return page->from == 0 && !page->backwards ? INT64_MAX : page->from;
}
