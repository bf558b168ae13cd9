#include "web_orders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "portal/portal_key.h"
#include "portal/portal_order.h"
#include "portal/portal_search.h"

#define OTHER "山羽东产权"

static void give_to(struct web_orders *orders, const struct world_key *key,
                    const char *organisation)
{
    struct portal *portal = orders->world->portal;
    struct err err = ERR_INIT;
    world_must(portal_db_run(portal->db,
                             "INSERT INTO holder (organisation_id, name, created_utc) "
                             "SELECT id, '李四', 0 FROM organisation WHERE name = ? "
                             "ON CONFLICT DO NOTHING",
                             PORTAL_VALUES(PORTAL_TEXT(organisation)), &err),
               &err);
    world_must(portal_db_run(portal->db,
                             "UPDATE key SET holder_id = (SELECT holder.id FROM holder JOIN "
                             "organisation o ON o.id = organisation_id WHERE o.name = ?) "
                             "WHERE id = ?",
                             PORTAL_VALUES(PORTAL_TEXT(organisation), PORTAL_INTEGER(key->id)),
                             &err),
               &err);
    world_must(portal_db_run(portal->db, "DELETE FROM key_search", PORTAL_NO_VALUES, &err), &err);
    world_must(portal_search_catch_up(portal, &err), &err);
}

int web_orders_setup(void **state)
{
    struct web_orders *orders = memory_new(sizeof *orders);
    if (world_setup((void **)&orders->world) != 0)
        return -1;
    orders->web = web_world_new(orders->world->portal, NULL);
    web_world_user(orders->web, "zhang", PORTAL_ROLE_BIDDER, WORLD_ORGANISATION);
    web_world_user(orders->web, "li", PORTAL_ROLE_BIDDER, OTHER);
    web_world_user(orders->web, "shen", PORTAL_ROLE_REVIEWER, NULL);
    orders->key = world_key_new(orders->world, CERT_SM2, true, 20);
    orders->other = world_key_new(orders->world, CERT_SM2, true, 20);
    give_to(orders, orders->other, OTHER);
    *state = orders;
    return 0;
}

int web_orders_teardown(void **state)
{
    struct web_orders *orders = *state;
    web_world_free(orders->web);
    world_key_freep(&orders->key);
    world_key_freep(&orders->other);
    int result = world_teardown((void **)&orders->world);
    free(orders);
    return result;
}

char *web_orders_add(struct web_orders *orders)
{
    AUTO(world_key_freep) struct world_key *key = world_key_new(orders->world, CERT_SM2, true, 20);
    AUTO(web_result_done) struct web_result result = {0};
    AUTO(memory_freep) char *body = memory_printf("{\"serial\":\"%s\"}", key->serial);
    web_world_become(orders->web, "zhang");
    web_world_expect(orders->web, "POST", "/orders", body, 201, &result);
    return memory_text(web_result_text(&result, "number"));
}

void web_orders_pay(struct web_orders *orders, const char *number)
{
    struct err err = ERR_INIT;
    world_must(portal_order_act(orders->world->portal, number, PORTAL_ORDER_PAY, "", &err), &err);
}

char *web_orders_submitted(struct web_orders *orders)
{
    char *number = web_orders_add(orders);
    AUTO(web_result_done) struct web_result edited = {0};
    AUTO(web_result_done) struct web_result submitted = {0};
    AUTO(memory_freep) char *at = memory_printf("/orders/%s", number);
    AUTO(memory_freep) char *submit = memory_printf("/orders/%s/submit", number);
    web_orders_pay(orders, number);
    web_world_expect(orders->web, "PUT", at,
                     "{\"invoice\":{\"title\":\"测试1023\",\"tax_number\":\"91370000\"}}", 200,
                     &edited);
    web_world_expect(orders->web, "POST", submit, "{}", 200, &submitted);
    return number;
}

void web_orders_upload(struct web_orders *orders, const char *number, const char *name,
                       const char *content_type, struct span content, struct web_result *out)
{
    AUTO(memory_freep)
    char *path = memory_printf(WEB_BASE "/orders/%s/attachments/%s", number, name);
    AUTO(memory_freep)
    char *more =
        memory_printf("Content-Type: %s\r\nContent-Length: %zu\r\n", content_type, content.len);
    AUTO(memory_freep) char *head = web_world_head(orders->web, "PUT", path, more);
    AUTO(bytes_freep) struct bytes *request = bytes_new_size(strlen(head) + 2 + content.len);
    memcpy(request->at, head, strlen(head));
    memcpy(request->at + strlen(head), "\r\n", 2);
    if (content.len > 0)
        memcpy(request->at + strlen(head) + 2, content.at, content.len);
    web_world_say(orders->web, span_bytes(request), out);
}
