/* Pages of a list: keyset cursors, so that a page costs the same wherever it is and no row is shown twice
 * or left out when others are added. A cursor carries the row's sort key and nothing else; what a user may
 * see is decided by the query. Pure. */
#pragma once

#include "base/json.h"
#include "portal/portal_db.h"

#define PORTAL_PAGE_ROWS_DEFAULT 20
#define PORTAL_PAGE_ROWS_MAX 100 /* more than a screen shows */

/* Which list a cursor is for. */
enum portal_page_list {
    PORTAL_PAGE_ORDERS = 'o',
    PORTAL_PAGE_KEYS = 'k',
    PORTAL_PAGE_RESETS = 'r',
    PORTAL_PAGE_AUDIT = 'a',
    PORTAL_PAGE_USERS = 'u',
    PORTAL_PAGE_ORGANISATIONS = 'g',
};

/* As texts of a request; NULL where absent. */
struct portal_page_ask {
    const char *limit, *after, *before;
};
struct portal_page {
    enum portal_page_list list;
    int64_t limit; /* rows; one more is asked for, to know whether there are more */
    int64_t from; /* the sort key of the row that it begins behind; 0: at the list's beginning */
    bool backwards; /* the rows before from, nearest first */
};
/* ERR_FIELD_VALUE (limit, both cursors at once), ERR_CURSOR. */
MUST_CHECK enum err_code portal_page_read(enum portal_page_list list,
                                          const struct portal_page_ask *ask,
                                          struct portal_page *out, struct err *err);

/* Rows as the query gave them, up to limit + 1. */
struct portal_page_rows {
    size_t count;
    struct {
        int64_t key; /* sort key, above 0 */
        struct json *json;
    } at[PORTAL_PAGE_ROWS_MAX + 1];
};
void portal_page_rows_done(struct portal_page_rows *rows);
/* Takes json over. At most PORTAL_PAGE_ROWS_MAX + 1 times. */
void portal_page_rows_add(struct portal_page_rows *rows, int64_t key, struct json *json);
/* {"items": [...], "next": CURSOR|null, "previous": CURSOR|null} in the list's order; empties rows. */
struct json *portal_page_json(const struct portal_page *page, struct portal_page_rows *rows);

typedef enum err_code (*portal_page_row)(void *context, const struct portal_query *query,
                                         struct json **out, struct err *err);
/* The same from a query whose column 0 is the sort key. */
MUST_CHECK enum err_code portal_page_collect(const struct portal_page *page,
                                             struct portal_query *query, portal_page_row row,
                                             void *context, struct json **out, struct err *err);
