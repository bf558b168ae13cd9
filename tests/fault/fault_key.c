#include "tests/fault/fault_key.h"

#include "base/file.h"
#include "portal/portal_admin_pin.h"
#include "portal/portal_key.h"
#include "tests/fault/fault_world.h"
#include "token/virtual/virtual_personal.h"

#define HOLDER "张三"
#define DAY_S 86400

static struct virtual_issuer *open_issuer(const struct fault_key *key, const char *folder)
{
    struct err err = ERR_INIT;
    struct virtual_issuer *issuer = NULL;
    AUTO(memory_freep)
    char *cert_path = memory_printf("%s/portal/ca/%s-issuing.pem", folder, key->issuer);
    AUTO(memory_freep)
    char *key_path = memory_printf("%s/portal/ca/%s-issuing.key", folder, key->issuer);
    fault_must(virtual_issuer_open(cert_path, key_path, &issuer, &err), &err, "open the issuer");
    return issuer;
}

static struct virtual_objects *personalise(const struct fault_key *key, struct portal *portal,
                                           const char *folder, const char *serial)
{
    struct err err = ERR_INIT;
    AUTO(virtual_issuer_freep) struct virtual_issuer *issuer = open_issuer(key, folder);
    AUTO(secret_freep) struct secret *admin_pin = NULL;
    struct virtual_objects *objects = NULL;
    fault_must(portal_admin_pin_derive(portal, serial, &admin_pin, &err), &err,
               "derive the administrator PIN");
    AUTO(memory_freep)
    char *admin_text = memory_printf("%.*s", (int)secret_peek(admin_pin).len,
                                     (const char *)secret_peek(admin_pin).at);
    const struct virtual_personal wish = {
        .profile = virtual_profile_find(key->profile),
        .serial = serial,
        .pin = FAULT_PIN,
        .admin_pin = admin_text,
        .container = "bidder",
        .kind = key->kind,
        .single = !key->dual,
        .subject = {FAULT_ORGANISATION, HOLDER, FAULT_NOW - (int64_t)345 * DAY_S,
                    FAULT_NOW + (int64_t)20 * DAY_S},
    };
    fault_must(virtual_personal_make(&wish, issuer, &objects, &err), &err, "personalise the key");
    return objects;
}

static void register_key(const struct fault_key *key, struct portal *portal,
                         const struct virtual_objects *objects, const char *serial)
{
    struct err err = ERR_INIT;
    const struct virtual_slot *slots = objects->applications[0]->containers[0]->slots;
    AUTO(cert_freep) struct cert *sign = NULL;
    AUTO(cert_freep) struct cert *encrypt = NULL;
    int64_t id = 0;
    fault_must(cert_parse(span_bytes(slots[VIRTUAL_SLOT_SIGN].certificate), &sign, &err), &err,
               "read a certificate");
    if (key->dual)
        fault_must(cert_parse(span_bytes(slots[VIRTUAL_SLOT_ENCRYPT].certificate), &encrypt, &err),
                   &err, "read a certificate");
    const struct portal_key_new new = {
        .serial = serial,
        .organisation = FAULT_ORGANISATION,
        .holder = HOLDER,
        .profile = key->profile,
        .sign_cert = sign,
        .encrypt_cert = encrypt,
    };
    fault_must(portal_key_add(portal, &new, &id, &err), &err, "register the key");
}

struct virtual_objects *fault_key_make(const struct fault_key *key, struct portal *portal,
                                       const char *folder, const char *serial)
{
    struct virtual_objects *objects = personalise(key, portal, folder, serial);
    register_key(key, portal, objects, serial);
    return objects;
}
