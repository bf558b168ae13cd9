#include "tests/fault/fault_key.h"

#include "base/file.h"
#include "portal/portal_admin_pin.h"
#include "portal/portal_key.h"
#include "portal/portal_piv_secret.h"
#include "tests/fault/fault_look.h"
#include "tests/fault/fault_world.h"
#include "token/virtual/virtual_personal.h"
#include "token/virtual/virtual_piv_make.h"

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

static struct virtual_subject subject(void)
{
    return (struct virtual_subject){FAULT_ORGANISATION, HOLDER, FAULT_NOW - (int64_t)345 * DAY_S,
                                    FAULT_NOW + (int64_t)20 * DAY_S};
}

static char *text_of(const struct secret *secret)
{
    return memory_printf("%.*s", (int)secret_peek(secret).len,
                         (const char *)secret_peek(secret).at);
}

static struct virtual_card *make_gmt0017(const struct fault_key *key, struct portal *portal,
                                         const struct virtual_issuer *issuer, bool locked)
{
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *admin_pin = NULL;
    struct virtual_objects *objects = NULL;
    fault_must(portal_admin_pin_derive(portal, key->serial, &admin_pin, &err), &err,
               "derive the administrator PIN");
    AUTO(memory_freep) char *admin_text = text_of(admin_pin);
    const struct virtual_personal wish = {
        .profile = virtual_profile_find(key->profile),
        .serial = key->serial,
        .pin = FAULT_PIN,
        .admin_pin = admin_text,
        .container = "bidder",
        .kind = key->kind,
        .single = !key->dual,
        .subject = subject(),
    };
    fault_must(virtual_personal_make(&wish, issuer, &objects, &err), &err, "personalise the key");
    if (locked)
        objects->applications[0]->pins[VIRTUAL_PIN_USER].left = 0;
    return virtual_card_new(objects, NULL);
}

static struct virtual_card *make_piv(const struct fault_key *key, struct portal *portal,
                                     const struct virtual_issuer *issuer, bool locked)
{
    struct err err = ERR_INIT;
    AUTO(portal_piv_secrets_done) struct portal_piv_secrets secrets = {0};
    struct virtual_piv_objects *objects = NULL;
    fault_must(portal_piv_secrets_show(portal, key->serial, portal_piv_cipher_find(key->management),
                                       0, &secrets, &err),
               &err, "derive the token's secrets");
    AUTO(memory_freep) char *puk = text_of(secrets.puk);
    const struct virtual_piv_wish wish = {
        .profile = virtual_piv_profile_find(key->profile),
        .serial = key->serial,
        .pin = FAULT_PIN,
        .puk = puk,
        .cipher = virtual_piv_crypto_find(key->management),
        .management_key = secret_peek(secrets.management_key),
        .kind = key->kind,
        .subject = subject(),
    };
    fault_must(virtual_piv_make(&wish, issuer, &objects, &err), &err, "personalise the token");
    if (locked)
        objects->pin.left = 0;
    return virtual_card_new_piv(objects, NULL);
}

static void register_key(const struct fault_key *key, struct portal *portal,
                         const struct virtual_card *card)
{
    struct err err = ERR_INIT;
    struct fault_look look;
    AUTO(cert_freep) struct cert *sign = NULL;
    AUTO(cert_freep) struct cert *encrypt = NULL;
    int64_t id = 0;
    fault_look_at(card, &look);
    fault_must(cert_parse(look.pairs[0].sign.cert, &sign, &err), &err, "read a certificate");
    if (key->dual)
        fault_must(cert_parse(look.pairs[0].encrypt.cert, &encrypt, &err), &err,
                   "read a certificate");
    const struct portal_key_new new = {
        .serial = key->serial,
        .organisation = FAULT_ORGANISATION,
        .holder = HOLDER,
        .profile = key->registered,
        .sign_cert = sign,
        .encrypt_cert = encrypt,
    };
    fault_must(portal_key_add(portal, &new, &id, &err), &err, "register the key");
}

struct virtual_card *fault_key_make(const struct fault_key *key, struct portal *portal,
                                    const char *folder, bool locked)
{
    AUTO(virtual_issuer_freep) struct virtual_issuer *issuer = open_issuer(key, folder);
    struct virtual_card *card =
        (key->management != NULL ? make_piv : make_gmt0017)(key, portal, issuer, locked);
    register_key(key, portal, card);
    return card;
}
