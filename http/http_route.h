/* Which route a method and a path belong to. Pure. */
#pragma once

#include "http/http_server.h"

#define HTTP_ROUTE_SEGMENTS_MAX 4
#define HTTP_ROUTE_SEGMENT_BYTES_MAX 128
#define HTTP_ROUTE_NAME_BYTES_MAX 255 /* of a file, on any file system */
/* "GET, POST, PUT, DELETE, OPTIONS, HEAD" and its zero byte. */
#define HTTP_ROUTE_ALLOW_BYTES 48

struct http_route_segment {
    const char *name; /* in the pattern, name_bytes long */
    size_t name_bytes;
    char value[HTTP_ROUTE_NAME_BYTES_MAX + 1];
};

struct http_route_match {
    size_t count;
    struct http_route_segment segments[HTTP_ROUTE_SEGMENTS_MAX];
};

/* A {name} takes 1 to 128 characters [A-Za-z0-9_-.] that don't start with a dot: no "..". A {+name} takes 1
 * to 255 bytes of anything but controls, slashes and backslashes, without a dot at the start either: for the
 * names of people's files, and for nothing that becomes a path. */
bool http_route_matches(const char *pattern, const char *path, struct http_route_match *out);
/* NULL when nothing fits; allow then lists the methods under which the path is known, "" for none. */
const struct http_route *http_route_find(const struct http_route *routes, size_t count,
                                         enum http_method method, const char *path,
                                         struct http_route_match *out_match,
                                         char out_allow[HTTP_ROUTE_ALLOW_BYTES]);
/* The value of {name}, NULL when the pattern has none. */
const char *http_route_segment(const struct http_route_match *match, const char *name);
