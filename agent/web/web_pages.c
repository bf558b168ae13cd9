#include "agent/web/web_pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct page {
    char *origin; /* NULL: terminals */
    unsigned held; /* things open */
    unsigned dialogs;
    bool holds_things; /* it has something open, or has not asked anything since it had */
    bool told; /* that it is gone */
    int64_t seen_ms;
    struct page *next;
};

struct web_pages {
    struct page *first; /* at most as many as there are platforms, and the terminals */
};

struct web_pages *web_pages_new(void)
{
    return memory_new(sizeof(struct web_pages));
}

void web_pages_free(struct web_pages *pages)
{
    if (pages == NULL)
        return;
    while (pages->first != NULL) {
        struct page *page = pages->first;
        pages->first = page->next;
        free(page->origin);
        free(page);
    }
    free(pages);
}

static bool is_of(const struct page *page, const char *origin)
{
    if (page->origin == NULL || origin == NULL)
        return page->origin == origin;
    return strcmp(page->origin, origin) == 0;
}

/* now_ms: when it is seen first. */
static struct page *page_of(struct web_pages *pages, const char *origin, int64_t now_ms)
{
    for (struct page *page = pages->first; page != NULL; page = page->next)
        if (is_of(page, origin))
            return page;
    struct page *page = memory_new(sizeof *page);
    *page = (struct page){.origin = memory_text(origin), .seen_ms = now_ms, .next = pages->first};
    pages->first = page;
    return page;
}

static struct page *see(struct web_pages *pages, const char *origin, int64_t now_ms)
{
    struct page *page = page_of(pages, origin, now_ms);
    page->seen_ms = now_ms;
    page->told = false;
    return page;
}

void web_pages_seen(struct web_pages *pages, const char *origin, int64_t now_ms)
{
    struct page *page = see(pages, origin, now_ms);
    page->holds_things &= page->held > 0;
}

void web_pages_hold(struct web_pages *pages, const char *origin, int64_t now_ms)
{
    struct page *page = see(pages, origin, now_ms);
    page->held++;
    page->holds_things = true;
}

void web_pages_release(struct web_pages *pages, const char *origin, int64_t now_ms)
{
    see(pages, origin, now_ms)->held--;
}

/* What opens a dialog is no sign of the page. */
void web_pages_dialog_opened(struct web_pages *pages, const char *origin, int64_t now_ms)
{
    struct page *page = page_of(pages, origin, now_ms);
    page->dialogs++;
    page->told = false;
}

void web_pages_dialog_closed(struct web_pages *pages, const char *origin)
{
    struct page *page = page_of(pages, origin, 0);
    if (page->dialogs > 0)
        page->dialogs--;
}

static int64_t gone_at(const struct page *page)
{
    if (page->dialogs == 0 || page->held > 0 || page->told)
        return INT64_MAX;
    return page->seen_ms + (page->holds_things ? WEB_PAGES_AWAY_MS : WEB_PAGES_SILENT_MS);
}

int64_t web_pages_next_ms(const struct web_pages *pages)
{
    int64_t next_ms = INT64_MAX;
    for (const struct page *page = pages->first; page != NULL; page = page->next)
        if (gone_at(page) < next_ms)
            next_ms = gone_at(page);
    return next_ms;
}

bool web_pages_take_gone(struct web_pages *pages, int64_t now_ms, const char **out_origin)
{
    for (struct page *page = pages->first; page != NULL; page = page->next) {
        if (gone_at(page) > now_ms)
            continue;
        page->told = true;
        page->holds_things = false;
        *out_origin = page->origin;
        return true;
    }
    return false;
}
