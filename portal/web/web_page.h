/* The files of the pages, embedded in the program: the shell, modules, stylesheets, images, the SDK. */
#pragma once

#include "http/http_server.h"

/* An embedded file. Static. */
struct web_file {
    const char *path; /* "/assets/app.js"; "/" for the shell */
    const char *content_type;
    const char *etag; /* with its quotes: of the SHA-256 */
    const uint8_t *at;
    size_t size_bytes;
};
/* Written by embed.py. */
extern const struct web_file web_files[];
extern const size_t web_file_count;

/* Every address that answers with an embedded file. */
struct web_page {
    const char *pattern;
    const struct web_file *file;
};
size_t web_page_count(void);
/* index: below web_page_count. */
struct web_page web_page_at(size_t index);

/* Whether If-None-Match names the file's tag. NULL: no. Source: RFC 9110 13.1.2. */
bool web_page_is_known(const char *if_none_match, const char *etag);
/* 200, or 304 when the browser has it. */
void web_page_reply(struct http_request *request, const struct web_file *file);
/* 404: the shell for a person's browser, whose script says that there is no such page; else the problem. */
void web_page_reply_missing(struct http_request *request);
