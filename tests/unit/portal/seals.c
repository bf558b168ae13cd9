#include "seals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/proof.h"
#include "portal/portal_ticket.h"

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

enum err_code seals_extend_by(struct world *world, const struct portal_job *job,
                              const struct fixture_key *by, const struct bytes *present,
                              struct bytes **out)
{
    AUTO(portal_job_freep) struct portal_job *now = world_reload(world, job);
    AUTO(bytes_freep) struct bytes *proof = world_seal_proof(job, by, span_bytes(present));
    const struct portal_seal_request request = {span_bytes(present), span_bytes(proof)};
    AUTO(bytes_freep) struct bytes *der = NULL;
    struct err err = ERR_INIT;
    if (portal_seal_extend(world->portal, now, &request, &der, &err) != ERR_NONE)
        return err.code;
    if (out != NULL)
        *out = TAKE(der);
    return ERR_NONE;
}

enum err_code seals_confirm_by(struct world *world, const struct portal_job *job,
                               const struct fixture_key *by, const char *outcome,
                               const struct bytes *seal)
{
    AUTO(portal_job_freep) struct portal_job *now = world_reload(world, job);
    uint8_t digest[32] = {0};
    if (seal != NULL)
        proof_sha256(span_bytes(seal), digest);
    AUTO(bytes_freep) struct bytes *proof = world_confirm_proof(job, by, outcome, digest);
    const struct portal_confirmation confirmation = {outcome, SPAN_ARRAY(digest),
                                                     span_bytes(proof)};
    struct err err = ERR_INIT;
    return portal_confirm(world->portal, now, &confirmation, &err);
}

void seals_extension_done(struct seals_extension *extension)
{
    world_key_freep(&extension->key);
    bytes_free(extension->present);
    portal_job_free(extension->job);
}

struct seals_extension seals_begin(struct world *world)
{
    struct seals_extension extension = {.key = world_key_new(world, CERT_SM2, true, 20)};
    extension.present = seals_first(world, extension.key);
    world_renew(world, extension.key);
    extension.job = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
    return extension;
}

enum err_code seals_extend(struct world *world, const struct seals_extension *extension,
                           struct bytes **out)
{
    return seals_extend_by(world, extension->job, extension->key->sign, extension->present, out);
}

struct bytes *seals_extended(struct world *world, const struct seals_extension *extension)
{
    struct bytes *der = NULL;
    assert_int_equal(seals_extend(world, extension, &der), ERR_NONE);
    return der;
}
