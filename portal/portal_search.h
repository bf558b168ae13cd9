/* Search for parts of names and numbers in any language, from one character on: a text is indexed as its
 * overlapping parts of a few characters ("测试单" as 测试, 试单, 单), a query is the phrase of its parts. Names
 * are cut into pairs, numbers into fours, because ten digits make few pairs. Letters are found whatever their
 * case and width. */
#pragma once

#include "portal/portal.h"

#define PORTAL_SEARCH_BYTES_MAX 192 /* a name of PORTAL_NAME_BYTES_MAX can be searched for whole */
#define PORTAL_SEARCH_WORDS_MAX 8

#define PORTAL_SEARCH_NAME_PART 2 /* characters */
#define PORTAL_SEARCH_NUMBER_PART 4
/* The parts of a text that is valid UTF-8, of part characters and shorter ones at its end; the caller
 * frees. */
char *portal_search_parts(const char *text, size_t part);
/* An FTS5 expression for rows that have every word of text and every scope ("o12", "s2"; letters and digits
 * only). ERR_FIELD_VALUE when text is empty, not UTF-8, too long, or has too many words. The caller frees. */
MUST_CHECK enum err_code portal_search_expression(const char *text, const char *const scopes[],
                                                  size_t scope_count, char **out, struct err *err);

/* Puts the order's present revision into order_search in place of the one before (0: none). Inside the
 * caller's transaction. */
MUST_CHECK enum err_code portal_search_put_order(struct portal *portal, const char *number,
                                                 int64_t previous_revision, struct err *err);
/* Puts a new key into key_search. Inside the caller's transaction. */
MUST_CHECK enum err_code portal_search_put_key(struct portal *portal, int64_t key_id,
                                               struct err *err);
/* Puts in what was added without it, by an older version. In a transaction of its own. */
MUST_CHECK enum err_code portal_search_catch_up(struct portal *portal, struct err *err);
