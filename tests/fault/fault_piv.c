#include "tests/fault/fault_piv.h"

#include "certs/cert.h"
#include "portal/portal_key.h"
#include "portal/portal_piv_secret.h"
#include "tests/fault/fault_scene.h"
#include "token/virtual/virtual_certificate.h"
#include "token/virtual/virtual_piv_objects.h"
#include "token/virtual/virtual_piv_tlv.h"

/* Inside the key history: how many retired keys have their certificates on the card. Source: SP 800-73-4 Part 1,
 * 3.3.3. */
#define HISTORY_ON_CARD 0xC1

static const struct virtual_piv_objects *objects_of(const struct fault_world *world)
{
    return virtual_card_piv_objects(world->card.card);
}

/* ---- the administrator's secrets ---- */

static struct secret *management_key(const struct fault_world *world)
{
    struct secret *key = NULL;
    struct err err = ERR_INIT;
    const struct portal_piv_cipher *cipher = portal_piv_cipher_find(world->scene->key->management);
    fault_must(portal_piv_management_key(world->platform.portal, world->scene->key->serial, 1,
                                         cipher, &key, &err),
               &err, "derive the management key");
    return key;
}

static void check_management(struct fault_world *world)
{
    AUTO(secret_freep) struct secret *key = management_key(world);
    const struct virtual_piv_objects *objects = objects_of(world);
    size_t len = virtual_piv_crypto_key_bytes(objects->cipher);
    if (objects->cipher != virtual_piv_crypto_find(world->scene->key->management) ||
        !span_equal(span_of(objects->management_key, len), secret_peek(key)))
        fault_lost(world->plan->record, "the management key is not the platform's");
}

static bool puk_is(const struct fault_world *world, int64_t version)
{
    AUTO(secret_freep) struct secret *puk = NULL;
    struct err err = ERR_INIT;
    fault_must(
        portal_piv_puk(world->platform.portal, world->scene->key->serial, version, &puk, &err),
        &err, "derive a PUK");
    return span_equal(SPAN_ARRAY(objects_of(world)->puk.value), secret_peek(puk));
}

/* The first one, or one of the two that the platform has noted since. */
static void check_puk(struct fault_world *world)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    bool row = false, any = false;
    fault_must(portal_db_query(world->platform.portal->db,
                               "SELECT puk FROM piv_version UNION "
                               "SELECT given FROM piv_version WHERE given IS NOT NULL",
                               PORTAL_NO_VALUES, &query, &err),
               &err, "list the PUKs");
    while (portal_query_next(query, &row, &err) == ERR_NONE && row) {
        any = true;
        if (puk_is(world, portal_query_integer(query, 0)))
            return;
    }
    if (any || !puk_is(world, 1))
        fault_lost(world->plan->record, "the PUK is none of the platform's");
}

void fault_piv_between(struct fault_world *world)
{
    check_management(world);
    check_puk(world);
}

/* ---- where the keys are ---- */

static struct span field_of(const struct bytes *object, uint32_t tag)
{
    struct span value = SPAN_NONE;
    if (object != NULL)
        virtual_piv_tlv_find(span_bytes(object), tag, &value);
    return value;
}

static struct span cert_in(const struct virtual_piv_objects *objects, uint8_t reference)
{
    uint32_t tag = virtual_piv_objects_certificate_tag(reference);
    return field_of(virtual_piv_objects_get(objects, tag), VIRTUAL_PIV_CERTIFICATE);
}

/* The number of the last retired slot that has a key and its certificate. */
static size_t last_retired(const struct virtual_piv_objects *objects)
{
    size_t last = 0;
    for (size_t i = 0; i < VIRTUAL_PIV_SLOTS; i++) {
        const struct virtual_piv_slot *slot = &objects->slots[i];
        struct span cert = cert_in(objects, slot->reference);
        if (virtual_piv_objects_is_retired(slot->reference) && slot->pair != NULL && cert.len > 0 &&
            virtual_certificate_is_of(cert, slot->pair))
            last = (size_t)(slot->reference - VIRTUAL_PIV_RETIRED_FIRST) + 1;
    }
    return last;
}

static size_t told_by_history(const struct virtual_piv_objects *objects)
{
    struct span count =
        field_of(virtual_piv_objects_get(objects, VIRTUAL_PIV_KEY_HISTORY), HISTORY_ON_CARD);
    return count.len == 1 ? count.at[0] : 0;
}

static void check_history(struct fault_world *world)
{
    size_t is = told_by_history(objects_of(world)), should = last_retired(objects_of(world));
    if (is != should)
        fault_lost(world->plan->record, "the key history tells of %zu retired keys, not %zu", is,
                   should);
}

/* A certificate without its key makes other programs try what can't be. */
static void check_beside_keys(struct fault_world *world)
{
    const struct virtual_piv_objects *objects = objects_of(world);
    for (size_t i = 0; i < VIRTUAL_PIV_SLOTS; i++) {
        const struct virtual_piv_slot *slot = &objects->slots[i];
        struct span cert = cert_in(objects, slot->reference);
        if (cert.len > 0 && (slot->pair == NULL || !virtual_certificate_is_of(cert, slot->pair)))
            fault_lost(world->plan->record, "slot %02X has a certificate of another key",
                       slot->reference);
    }
}

static void check_signature_slot(struct fault_world *world, const struct cert *active)
{
    struct span cert = cert_in(objects_of(world), VIRTUAL_PIV_SIGNATURE);
    if (!span_equal(cert, cert_peek(active)->der))
        fault_lost(world->plan->record, "the certificate in force is not where programs look");
}

/* ---- a switch that was broken off ---- */

static enum err_code log_in(struct fault_world *world, struct token *token, struct err *err)
{
    struct token_challenge challenge;
    AUTO(secret_freep) struct secret *key = management_key(world);
    AUTO(bytes_freep) struct bytes *cryptogram = NULL;
    const struct portal_piv_cipher *cipher = portal_piv_cipher_find(world->scene->key->management);
    if (token_challenge(token, TOKEN_PURPOSE_LOGIN, &challenge, err) != ERR_NONE ||
        portal_piv_encipher(cipher, key, span_of(challenge.bytes, challenge.len), &cryptogram,
                            err) != ERR_NONE)
        return err->code;
    return token_admin_login(token, span_bytes(cryptogram), err);
}

static const char *name_of(const struct token_pairs *pairs, const struct cert *cert)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (span_equal(span_bytes(pairs->pairs[i].sign_cert), cert_peek(cert)->der))
            return pairs->pairs[i].name;
    return "";
}

static void end_switch(struct fault_world *world, const struct cert *active)
{
    AUTO(token_closep) struct token *token = NULL;
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    struct err err = ERR_INIT;
    enum err_code code = fault_card_token(&world->card, &token, &err);
    if (code == ERR_NONE)
        code = token_begin(token, &err);
    if (code == ERR_NONE)
        code = token_read_pairs(token, &pairs, &err);
    if (code == ERR_NONE)
        code = log_in(world, token, &err);
    if (code == ERR_NONE)
        code = token_make_current(token, name_of(pairs, active), &err);
    if (code != ERR_NONE)
        fault_lost(world->plan->record, "the switch of keys can't be ended: %s, %s",
                   err_code_text(err.code), err.detail);
}

void fault_piv_end(struct fault_world *world, const struct cert *active)
{
    if (world->plan->record->struck)
        end_switch(world, active);
    check_signature_slot(world, active);
    check_beside_keys(world);
    check_history(world);
}
