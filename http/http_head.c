#include "http/http_head.h"

#include <ctype.h>
#include <strings.h>

struct fields {
    size_t count;
    size_t hosts;
    size_t lengths;
    uint64_t content_length;
};

static const char *const method_names[] = {
    [HTTP_GET] = "GET",       [HTTP_POST] = "POST",       [HTTP_PUT] = "PUT",
    [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS", [HTTP_HEAD] = "HEAD",
};

const char *http_method_name(enum http_method method)
{
    return (size_t)method < ARRAY_SIZE(method_names) ? method_names[method] : NULL;
}

/* Source: RFC 9110 5.6.2 (tchar). */
static bool is_token(struct span text)
{
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!isalnum(text.at[i]) &&
            (text.at[i] == 0 || strchr("!#$%&'*+-.^_`|~", text.at[i]) == NULL))
            return false;
    return true;
}

static bool equals(struct span span, const char *text, bool ignore_case)
{
    if (span.len != strlen(text))
        return false;
    return ignore_case ? strncasecmp((const char *)span.at, text, span.len) == 0
                       : memcmp(span.at, text, span.len) == 0;
}

/* Up to the first delimiter, which is dropped from *rest; false when there is none. */
static bool cut(struct span *rest, const char *delimiter, struct span *out)
{
    size_t length = strlen(delimiter);
    const uint8_t *at = memmem(rest->at, rest->len, delimiter, length);
    if (at == NULL)
        return false;
    *out = span_of(rest->at, (size_t)(at - rest->at));
    *rest = span_of(at + length, rest->len - out->len - length);
    return true;
}

static bool is_control(uint8_t c)
{
    return (c < ' ' && c != '\t') || c == 0x7F;
}

enum err_code http_head_end(struct span bytes, size_t *scanned, size_t *out_length, struct err *err)
{
    for (size_t i = *scanned; i < bytes.len; i++) {
        uint8_t c = bytes.at[i];
        bool after_cr = i > 0 && bytes.at[i - 1] == '\r';
        if ((c == '\n') != after_cr || (is_control(c) && c != '\r' && c != '\n'))
            return err_set(err, ERR_HTTP_BAD_REQUEST, "byte %02X at offset %zu of the head", c, i);
        if (i >= HTTP_HEAD_BYTES_MAX)
            return err_set(err, ERR_HTTP_HEAD_TOO_LARGE, "more than %d bytes", HTTP_HEAD_BYTES_MAX);
        if (i >= 3 && memcmp(bytes.at + i - 3, "\r\n\r\n", 4) == 0) {
            *scanned = 0;
            *out_length = i + 1;
            return ERR_NONE;
        }
    }
    if (bytes.len >= HTTP_HEAD_BYTES_MAX)
        return err_set(err, ERR_HTTP_HEAD_TOO_LARGE, "more than %d bytes", HTTP_HEAD_BYTES_MAX);
    *scanned = bytes.len;
    *out_length = 0;
    return ERR_NONE;
}

static enum err_code check_method(struct span text, enum http_method *out, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(method_names); i++)
        if (equals(text, method_names[i], false)) {
            *out = (enum http_method)i;
            return ERR_NONE;
        }
    if (!is_token(text))
        return err_set(err, ERR_HTTP_BAD_REQUEST, "the method is not a token");
    return err_set(err, ERR_HTTP_METHOD, "unknown method");
}

/* Only the origin form is served, and %00 would end a C string early. Source: RFC 9112 3.2.1. */
static enum err_code check_target(struct span target, struct err *err)
{
    if (target.len == 0 || target.at[0] != '/')
        return err_set(err, ERR_HTTP_BAD_REQUEST, "the target does not start with a slash");
    for (size_t i = 0; i < target.len; i++) {
        uint8_t c = target.at[i];
        if (c <= ' ' || c >= 0x7F || strchr("\"<>\\^`{|}#", c) != NULL)
            return err_set(err, ERR_HTTP_BAD_REQUEST, "byte %02X in the target", c);
        if (c != '%')
            continue;
        if (target.len - i < 3 || !isxdigit(target.at[i + 1]) || !isxdigit(target.at[i + 2]))
            return err_set(err, ERR_HTTP_BAD_REQUEST, "a broken escape in the target");
        if (target.at[i + 1] == '0' && target.at[i + 2] == '0')
            return err_set(err, ERR_HTTP_BAD_REQUEST, "%%00 in the target");
    }
    return ERR_NONE;
}

static enum err_code check_request_line(struct span line, enum http_method *out, struct err *err)
{
    struct span method;
    struct span target;
    if (!cut(&line, " ", &method) || !cut(&line, " ", &target))
        return err_set(err, ERR_HTTP_BAD_REQUEST, "the request line has not three parts");
    if (check_method(method, out, err) != ERR_NONE || check_target(target, err) != ERR_NONE)
        return err->code;
    if (line.len != 8 || memcmp(line.at, "HTTP/", 5) != 0)
        return err_set(err, ERR_HTTP_BAD_REQUEST, "the request line does not end in a version");
    if (!equals(line, "HTTP/1.1", false))
        return err_set(err, ERR_HTTP_VERSION, "not HTTP/1.1");
    return ERR_NONE;
}

static struct span trim(struct span value)
{
    while (value.len > 0 && (value.at[0] == ' ' || value.at[0] == '\t'))
        value = span_of(value.at + 1, value.len - 1);
    while (value.len > 0 && (value.at[value.len - 1] == ' ' || value.at[value.len - 1] == '\t'))
        value.len--;
    return value;
}

static enum err_code read_length(struct span value, uint64_t *out, struct err *err)
{
    uint64_t length = 0;
    if (value.len == 0)
        return err_set(err, ERR_HTTP_BAD_REQUEST, "an empty Content-Length");
    for (size_t i = 0; i < value.len; i++) {
        if (!isdigit(value.at[i]))
            return err_set(err, ERR_HTTP_BAD_REQUEST, "Content-Length is not a number");
        length = length * 10 + (uint64_t)(value.at[i] - '0');
        if (length > HTTP_HEAD_CONTENT_LENGTH_MAX)
            return err_set(err, ERR_HTTP_TOO_LARGE, "Content-Length above %llu",
                           (unsigned long long)HTTP_HEAD_CONTENT_LENGTH_MAX);
    }
    *out = length;
    return ERR_NONE;
}

static enum err_code check_field(struct span line, struct fields *fields, struct err *err)
{
    struct span name;
    if (++fields->count > HTTP_HEAD_FIELDS_MAX)
        return err_set(err, ERR_HTTP_HEAD_TOO_LARGE, "more than %d fields", HTTP_HEAD_FIELDS_MAX);
    if (!cut(&line, ":", &name) || !is_token(name))
        return err_set(err, ERR_HTTP_BAD_REQUEST, "field %zu has no proper name", fields->count);
    struct span value = trim(line);
    if (equals(name, "host", true) && (++fields->hosts > 1 || value.len == 0))
        return err_set(err, ERR_HTTP_BAD_REQUEST, "Host is empty or doubled");
    if (equals(name, "transfer-encoding", true))
        return err_set(err, ERR_HTTP_LENGTH_REQUIRED, "Transfer-Encoding is not taken");
    if (!equals(name, "content-length", true))
        return ERR_NONE;
    if (++fields->lengths > 1)
        return err_set(err, ERR_HTTP_BAD_REQUEST, "Content-Length is doubled");
    return read_length(value, &fields->content_length, err);
}

enum err_code http_head_check(struct span head, struct http_head *out, struct err *err)
{
    struct fields fields = {0};
    enum http_method method = HTTP_OTHER;
    struct span line;
    if (!cut(&head, "\r\n", &line))
        return err_set(err, ERR_HTTP_BAD_REQUEST, "no request line");
    if (check_request_line(line, &method, err) != ERR_NONE)
        return err->code;
    while (cut(&head, "\r\n", &line) && line.len > 0)
        if (check_field(line, &fields, err) != ERR_NONE)
            return err->code;
    if (fields.hosts == 0)
        return err_set(err, ERR_HTTP_BAD_REQUEST, "Host is missing");
    *out = (struct http_head){.method = method, .content_length = fields.content_length};
    return ERR_NONE;
}
