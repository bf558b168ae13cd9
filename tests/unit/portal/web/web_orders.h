/* A portal with its CA and its pages, two organisations with a bidder and keys each, and a reviewer: for
 * the tests of orders, attachments and keys. */
#pragma once

#include "tests/unit/portal/world.h"
#include "web_world.h"

/* Users: "zhang" of the world's organisation, "li" of another one, "shen" who reviews. */
struct web_orders {
    struct world *world;
    struct web_world *web;
    struct world_key *key; /* of zhang's organisation */
    struct world_key *other; /* of li's */
};
int web_orders_setup(void **state); /* group fixtures: *state is a struct web_orders */
int web_orders_teardown(void **state);

/* A new order of zhang's for a fresh key; its number. The session is zhang's then. */
char *web_orders_add(struct web_orders *orders);
/* The same, paid, with an invoice, and submitted. */
char *web_orders_submitted(struct web_orders *orders);
void web_orders_pay(struct web_orders *orders, const char *number);
/* Uploads a file under a name that is percent-encoded; the caller looks at out. */
void web_orders_upload(struct web_orders *orders, const char *number, const char *name,
                       const char *content_type, struct span content, struct web_result *out);
