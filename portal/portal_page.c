#include "portal/portal_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The list's letter and the sort key, 16 hexadecimal digits. */
#define CURSOR_BYTES 17

static char *cursor_of(enum portal_page_list list, int64_t key)
{
    return memory_printf("%c%016" PRIx64, (char)list, (uint64_t)key);
}

static enum err_code read_cursor(enum portal_page_list list, const char *text, int64_t *out,
                                 struct err *err)
{
    uint64_t key = 0;
    bool good = strlen(text) == CURSOR_BYTES && text[0] == (char)list &&
                strspn(text + 1, "0123456789abcdef") == CURSOR_BYTES - 1;
    if (good)
        key = strtoull(text + 1, NULL, 16);
    if (!good || key == 0 || key > INT64_MAX)
        return err_set(err, ERR_CURSOR, "not a cursor of this list");
    *out = (int64_t)key;
    return ERR_NONE;
}

static enum err_code read_limit(const char *text, int64_t *out, struct err *err)
{
    size_t digits = strspn(text, "0123456789");
    long long limit =
        digits > 0 && digits <= 3 && text[digits] == '\0' ? strtoll(text, NULL, 10) : 0;
    if (limit < 1 || limit > PORTAL_PAGE_ROWS_MAX)
        return err_set(err, ERR_FIELD_VALUE, "limit: 1 to %d are allowed", PORTAL_PAGE_ROWS_MAX);
    *out = limit;
    return ERR_NONE;
}

enum err_code portal_page_read(enum portal_page_list list, const struct portal_page_ask *ask,
                               struct portal_page *out, struct err *err)
{
    struct portal_page page = {.list = list, .limit = PORTAL_PAGE_ROWS_DEFAULT};
    const char *cursor = ask->after != NULL ? ask->after : ask->before;
    if (ask->after != NULL && ask->before != NULL)
        return err_set(err, ERR_FIELD_VALUE, "after, before: one of the two");
    if (ask->limit != NULL && read_limit(ask->limit, &page.limit, err) != ERR_NONE)
        return err->code;
    if (cursor != NULL && read_cursor(list, cursor, &page.from, err) != ERR_NONE)
        return err->code;
    page.backwards = ask->before != NULL;
    *out = page;
    return ERR_NONE;
}

void portal_page_rows_done(struct portal_page_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        json_free(rows->at[i].json);
    rows->count = 0;
}

void portal_page_rows_add(struct portal_page_rows *rows, int64_t key, struct json *json)
{
    rows->at[rows->count].key = key;
    rows->at[rows->count++].json = json;
}

static void add_cursor(struct json *json, const char *name, bool there, enum portal_page_list list,
                       int64_t key)
{
    AUTO(memory_freep) char *cursor = there ? cursor_of(list, key) : NULL;
    json_add_text(json, name, cursor);
}

struct json *portal_page_json(const struct portal_page *page, struct portal_page_rows *rows)
{
    bool more = rows->count > (size_t)page->limit;
    size_t count = more ? (size_t)page->limit : rows->count;
    struct json *json = json_new_object();
    struct json *items = json_new_array();
    int64_t first = 0, last = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = page->backwards ? count - 1 - i : i;
        first = i == 0 ? rows->at[at].key : first;
        last = rows->at[at].key;
        json_append(items, TAKE(rows->at[at].json));
    }
    json_add(json, "items", items);
    /* What the page was come to from lies on its other side. */
    bool came = page->from != 0 && count > 0;
    add_cursor(json, "next", page->backwards ? came : more, page->list, last);
    add_cursor(json, "previous", page->backwards ? more : came, page->list, first);
    portal_page_rows_done(rows);
    return json;
}

enum err_code portal_page_collect(const struct portal_page *page, struct portal_query *query,
                                  portal_page_row row, void *context, struct json **out,
                                  struct err *err)
{
    AUTO(portal_page_rows_done) struct portal_page_rows rows = {0};
    for (bool more = true; more && rows.count <= (size_t)page->limit;) {
        struct json *json = NULL;
        if (portal_query_next(query, &more, err) != ERR_NONE ||
            (more && row(context, query, &json, err) != ERR_NONE))
            return err->code;
        if (more)
            portal_page_rows_add(&rows, portal_query_integer(query, 0), json);
    }
    *out = portal_page_json(page, &rows);
    return ERR_NONE;
}
