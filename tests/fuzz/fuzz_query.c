/* What a page asks a list for: lines of an input are the limit, the two cursors and the words. */
#include "fuzz.h"
#include "fuzz_input.h"
#include "portal/portal_page.h"
#include "portal/portal_search.h"

static void check_page(const struct portal_page_ask *ask)
{
    struct portal_page page;
    struct err err = ERR_INIT;
    if (portal_page_read(PORTAL_PAGE_ORDERS, ask, &page, &err) != ERR_NONE) {
        fuzz_require(err.code == ERR_FIELD_VALUE || err.code == ERR_CURSOR);
        return;
    }
    fuzz_require(page.limit >= 1 && page.limit <= PORTAL_PAGE_ROWS_MAX && page.from >= 0);
    fuzz_require(ask->after == NULL || ask->before == NULL);
    fuzz_require(page.backwards == (ask->before != NULL));
}

/* Quotes come in pairs, so that no word of a person is an operator of the search. */
static void check_words(const char *words)
{
    static const char *const scopes[] = {"o1"};
    AUTO(memory_freep) char *expression = NULL;
    struct err err = ERR_INIT;
    size_t quotes = 0;
    if (portal_search_expression(words, scopes, ARRAY_SIZE(scopes), &expression, &err) !=
        ERR_NONE) {
        fuzz_require(err.code == ERR_FIELD_VALUE && expression == NULL);
        return;
    }
    for (const char *at = expression; *at != '\0'; at++)
        quotes += *at == '"';
    fuzz_require(quotes % 2 == 0 && strlen(words) <= PORTAL_SEARCH_BYTES_MAX);
    AUTO(memory_freep) char *pairs = portal_search_parts(words, PORTAL_SEARCH_NAME_PART);
    AUTO(memory_freep) char *fours = portal_search_parts(words, PORTAL_SEARCH_NUMBER_PART);
    fuzz_require(pairs != NULL && fours != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    AUTO(memory_freep) char *limit = fuzz_line(&rest);
    AUTO(memory_freep) char *after = fuzz_line(&rest);
    AUTO(memory_freep) char *before = fuzz_line(&rest);
    AUTO(memory_freep) char *words = fuzz_text(rest);
    check_page(&(struct portal_page_ask){.limit = limit, .after = after, .before = before});
    check_words(words);
    return 0;
}
