#include "http/http_route.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>

#include "http/http_head.h"

static bool is_plain(unsigned char byte)
{
    return isalnum(byte) || (byte != '\0' && strchr("_-.", byte) != NULL);
}

static bool is_of_a_name(unsigned char byte)
{
    return byte >= 0x20 && byte != 0x7F && byte != '/' && byte != '\\';
}

static size_t segment_length(const char *path, bool (*fits)(unsigned char byte))
{
    size_t length = 0;
    while (fits((unsigned char)path[length]))
        length++;
    return length;
}

/* Reads one {name}; both texts move on behind it. */
static bool take_segment(const char **pattern, const char **path, struct http_route_match *match)
{
    const char *end = strchr(*pattern, '}');
    assert(end != NULL && match->count < HTTP_ROUTE_SEGMENTS_MAX);
    bool any = (*pattern)[1] == '+';
    size_t length = segment_length(*path, any ? is_of_a_name : is_plain);
    size_t limit = any ? HTTP_ROUTE_NAME_BYTES_MAX : HTTP_ROUTE_SEGMENT_BYTES_MAX;
    if (length == 0 || length > limit || **path == '.')
        return false;
    struct http_route_segment *segment = &match->segments[match->count++];
    segment->name = *pattern + (any ? 2 : 1);
    segment->name_bytes = (size_t)(end - segment->name);
    memcpy(segment->value, *path, length);
    segment->value[length] = '\0';
    *pattern = end + 1;
    *path += length;
    return true;
}

bool http_route_matches(const char *pattern, const char *path, struct http_route_match *out)
{
    struct http_route_match match = {0};
    while (*pattern != '\0') {
        if (*pattern == '{') {
            if (!take_segment(&pattern, &path, &match))
                return false;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    if (*path != '\0')
        return false;
    *out = match;
    return true;
}

static void allow_add(char allow[HTTP_ROUTE_ALLOW_BYTES], enum http_method method)
{
    const char *name = http_method_name(method);
    size_t used = strlen(allow);
    if (name != NULL && strstr(allow, name) == NULL)
        snprintf(allow + used, HTTP_ROUTE_ALLOW_BYTES - used, "%s%s", used > 0 ? ", " : "", name);
}

const struct http_route *http_route_find(const struct http_route *routes, size_t count,
                                         enum http_method method, const char *path,
                                         struct http_route_match *out_match,
                                         char out_allow[HTTP_ROUTE_ALLOW_BYTES])
{
    struct http_route_match match;
    char allow[HTTP_ROUTE_ALLOW_BYTES] = "";
    for (size_t i = 0; i < count; i++) {
        if (!http_route_matches(routes[i].pattern, path, &match))
            continue;
        if (routes[i].method == method) {
            *out_match = match;
            return &routes[i];
        }
        allow_add(allow, routes[i].method);
    }
    memcpy(out_allow, allow, sizeof allow);
    return NULL;
}

const char *http_route_segment(const struct http_route_match *match, const char *name)
{
    for (size_t i = 0; i < match->count; i++)
        if (strlen(name) == match->segments[i].name_bytes &&
            memcmp(name, match->segments[i].name, match->segments[i].name_bytes) == 0)
            return match->segments[i].value;
    return NULL;
}
