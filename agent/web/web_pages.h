/* Which pages are there: whether somebody still looks at what asked for a dialog. Pure: the time is given.
 *
 * A page is an origin, NULL: the user's terminals. It is there as long as it holds something open: a
 * WebSocket or a request that waits. One that lets go is gone after a while, since a reload and a WebSocket
 * that dropped come back. A page that asks without holding anything open does so every now and then, and is gone
 * when it has not for longer. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The SDK pauses for up to 10 s before it tries a dropped connection anew; a slow reload takes less. */
#define WEB_PAGES_AWAY_MS 15000
/* A browser runs the timers of a page in the background once a minute. */
#define WEB_PAGES_SILENT_MS 90000

struct web_pages;

struct web_pages *web_pages_new(void);
void web_pages_free(struct web_pages *pages);
/* It has asked something. */
void web_pages_seen(struct web_pages *pages, const char *origin, int64_t now_ms);
/* It holds one more thing open, or one less. */
void web_pages_hold(struct web_pages *pages, const char *origin, int64_t now_ms);
void web_pages_release(struct web_pages *pages, const char *origin, int64_t now_ms);
/* A dialog of its is open, or no longer. */
void web_pages_dialog_opened(struct web_pages *pages, const char *origin, int64_t now_ms);
void web_pages_dialog_closed(struct web_pages *pages, const char *origin);
/* When the next page that has a dialog open will be gone; INT64_MAX: never, as things stand. */
int64_t web_pages_next_ms(const struct web_pages *pages);
/* Whether a page that has a dialog open is gone; each is told once. *out_origin is borrowed. */
bool web_pages_take_gone(struct web_pages *pages, int64_t now_ms, const char **out_origin);
