#include "seals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

const uint8_t seals_png[SEALS_PNG_BYTES] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 1, 2, 3};

struct portal_seal_new seals_wish_for(const struct world_key *key)
{
    return (struct portal_seal_new){
        .serial = key->serial,
        .name = "测试1023电子签章",
        .type = 1,
        .version = SEAL_V4,
        .list = SEAL_LIST_CERTIFICATES,
        .picture = SPAN_ARRAY(seals_png),
        .width_mm = 40,
        .height_mm = 30,
    };
}

struct bytes *seals_first(struct world *world, const struct world_key *key)
{
    const struct portal_seal_new wish = seals_wish_for(key);
    struct bytes *der = NULL;
    struct err err = ERR_INIT;
    world_must(portal_seal_add(world->portal, &wish, &der, &err), &err);
    return der;
}

struct seal *seals_parsed(const struct bytes *der)
{
    struct seal *seal = NULL;
    struct err err = ERR_INIT;
    world_must(seal_parse(span_bytes(der), &seal, &err), &err);
    return seal;
}

void seals_check_states(struct world *world, const struct world_key *key, const char *wanted)
{
    AUTO(json_freep) struct json *list = NULL;
    struct err err = ERR_INIT;
    world_must(portal_seal_list(world->portal, key->serial, &list, &err), &err);
    AUTO(memory_freep) char *found = memory_text("");
    for (size_t i = 0; i < json_count(list); i++) {
        AUTO(memory_freep) char *before = found;
        found = memory_printf("%s%s%s", before, i == 0 ? "" : ",",
                              json_text_of(json_member(json_item(list, i), "state")));
    }
    assert_string_equal(found, wanted);
}
