#include "tests/fault/fault_scene.h"

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "portal/portal_order_new.h"
#include "portal/portal_reset.h"
#include "portal/portal_seal.h"
#include "portal/portal_ticket.h"
#include "tests/fault/fault_look.h"
#include "tests/fault/fault_memory.h"

#define USER "zhangsan"
#define TICKET_S 300
#define CIPHER_BYTES_MAX 1024

#define GMT "gmt0017-2012"
static const struct fault_key sm2 = {GMT,      GMT,   NULL, "KEY00001", VIRTUAL_PAIR_SM2,
                                     CERT_SM2, "sm2", true};
static const struct fault_key rsa = {GMT,      GMT,   NULL, "KEY00001", VIRTUAL_PAIR_RSA,
                                     CERT_RSA, "rsa", false};
static const struct fault_key longmai = {"longmai",        "longmai", NULL,  "KEY00001",
                                         VIRTUAL_PAIR_SM2, CERT_SM2,  "sm2", true};
static const struct fault_key piv = {"piv-full",        "piv",     "aes192", "10000001",
                                     VIRTUAL_PAIR_P256, CERT_P256, "p256",   false};
static const struct fault_key other_key = {GMT,      GMT,   NULL, "KEY00002", VIRTUAL_PAIR_SM2,
                                           CERT_SM2, "sm2", true};

#define PINS_OF_CHANGE \
    { \
        FAULT_PIN, FAULT_PIN_NEW, FAULT_PIN_THIRD \
    }

static const struct fault_scene scenes[] = {
    {"renew-kept-sm2", "renew", &sm2, false, {FAULT_PIN}},
    {"renew-replaced-sm2", "renew", &sm2, true, {FAULT_PIN}},
    {"renew-kept-rsa", "renew", &rsa, false, {FAULT_PIN}},
    {"renew-replaced-rsa", "renew", &rsa, true, {FAULT_PIN}},
    {"extend-seal", "extend-seal", &sm2, false, {FAULT_PIN}},
    {"reset-pin", "reset-pin", &sm2, false, {FAULT_PIN_INITIAL}},
    {"reset-pin-login", "reset-pin", &longmai, false, {FAULT_PIN_INITIAL}},
    {"change-pin", "change-pin", &sm2, false, PINS_OF_CHANGE},
    {"renew-kept-piv", "renew", &piv, false, {FAULT_PIN}},
    {"renew-replaced-piv", "renew", &piv, true, {FAULT_PIN}},
    {"extend-seal-piv", "extend-seal", &piv, false, {FAULT_PIN}},
    {"reset-pin-piv", "reset-pin", &piv, false, {FAULT_PIN_INITIAL}},
    {"change-pin-piv", "change-pin", &piv, false, PINS_OF_CHANGE},
};

const struct fault_scene *fault_scene_at(size_t index)
{
    return index < ARRAY_SIZE(scenes) ? &scenes[index] : NULL;
}

const struct fault_scene *fault_scene_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
        if (strcmp(scenes[i].name, name) == 0)
            return &scenes[i];
    fprintf(stderr, "no scene \"%s\"\n", name);
    exit(2);
}

static bool is_kind(const struct fault_scene *scene, const char *kind)
{
    return strcmp(scene->kind, kind) == 0;
}

/* ---- the keys ---- */

/* Of the same bidder, with the same PIN: its serial tells it apart. */
static void make_other_key(struct portal *portal, const char *folder)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = file_join(folder, "other.json");
    AUTO(virtual_card_freep)
    struct virtual_card *card = fault_key_make(&other_key, portal, folder, false);
    fault_must(virtual_card_save(card, path, &err), &err, "save the other key");
}

/* ---- what the portal holds ---- */

static void make_order(const struct fault_scene *scene, struct portal *portal)
{
    static const enum portal_order_action actions[] = {PORTAL_ORDER_PAY, PORTAL_ORDER_SUBMIT,
                                                       PORTAL_ORDER_APPROVE};
    const struct portal_order_new new = {
        .serial = scene->key->serial,
        .months = 12,
        .policy = {scene->replace_key, scene->key->algorithm, scene->key->dual},
    };
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *number = NULL;
    fault_must(portal_order_add(portal, &new, &number, &err), &err, "add an order");
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
        fault_must(portal_order_act(portal, number, actions[i], "", &err), &err, "move the order");
}

static void make_reset(const struct fault_scene *scene, struct portal *portal)
{
    const struct portal_reset_wish wish = {scene->key->serial, USER, 0};
    struct portal_reset_noted noted = {0};
    struct err err = ERR_INIT;
    fault_must(portal_reset_request(portal, &wish, &noted, &err), &err, "ask for a reset");
}

/* The smallest PNG: one black pixel. */
static const uint8_t picture[] = {
    0x89, 'P',  'N',  'G',  0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 'I',  'H',
    'D',  'R',  0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00,
    0x00, 0x3A, 0x7E, 0x9B, 0x55, 0x00, 0x00, 0x00, 0x0A, 'I',  'D',  'A',  'T',  0x78,
    0x9C, 0x63, 0x60, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01, 0x48, 0xAF, 0xA4, 0x71, 0x00,
    0x00, 0x00, 0x00, 'I',  'E',  'N',  'D',  0xAE, 0x42, 0x60, 0x82};

static void put_seal(const struct fault_scene *scene, struct portal *portal,
                     struct virtual_card *card)
{
    const struct portal_seal_new new = {
        .serial = scene->key->serial,
        .name = "测试单位公章",
        .type = 1,
        .version = SEAL_V4,
        .list = SEAL_LIST_CERTIFICATES,
        .picture = SPAN_ARRAY(picture),
        .width_mm = 40,
        .height_mm = 40,
    };
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *seal = NULL;
    fault_must(portal_seal_add(portal, &new, &seal, &err), &err, "make a seal");
    fault_must(virtual_card_put_file(card, "seal", span_bytes(seal), &err), &err,
               "put the seal onto the key");
}

/* ---- what was enciphered before ---- */

static struct bytes *encipher_whole(X509 *cert)
{
    const struct span message = span_text(FAULT_MESSAGE);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(X509_get0_pubkey(cert), NULL);
    struct bytes *out = bytes_new_size(CIPHER_BYTES_MAX);
    if (context == NULL || EVP_PKEY_encrypt_init(context) != 1 ||
        EVP_PKEY_encrypt(context, out->at, &out->len, message.at, message.len) != 1)
        abort();
    EVP_PKEY_CTX_free(context);
    return out;
}

/* By key agreement. Source: RFC 5753. */
static struct bytes *encipher_agreed(X509 *cert)
{
    const struct span message = span_text(FAULT_MESSAGE);
    STACK_OF(X509) *to = sk_X509_new_null();
    BIO *in = BIO_new_mem_buf(message.at, (int)message.len);
    BIO *out = BIO_new(BIO_s_mem());
    char *at = NULL;
    if (to == NULL || in == NULL || out == NULL || sk_X509_push(to, cert) == 0)
        abort();
    CMS_ContentInfo *enveloped = CMS_encrypt(to, in, EVP_aes_128_cbc(), CMS_BINARY);
    if (enveloped == NULL || i2d_CMS_bio(out, enveloped) != 1)
        abort();
    size_t len = (size_t)BIO_get_mem_data(out, &at);
    struct bytes *made = bytes_new(span_of(at, len));
    CMS_ContentInfo_free(enveloped);
    sk_X509_free(to);
    BIO_free(in);
    BIO_free(out);
    return made;
}

/* To the certificate that others encipher to: of two the encryption certificate. */
static void encipher(const struct virtual_card *card, const char *folder)
{
    struct err err = ERR_INIT;
    struct fault_look look;
    fault_look_at(card, &look);
    const struct fault_look_pair *pair = &look.pairs[0];
    struct span der = pair->encrypt.cert.len > 0 ? pair->encrypt.cert : pair->sign.cert;
    const uint8_t *at = der.at;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
    if (x509 == NULL)
        abort();
    bool agreed = virtual_card_piv_objects(card) != NULL;
    AUTO(bytes_freep) struct bytes *text = (agreed ? encipher_agreed : encipher_whole)(x509);
    X509_free(x509);
    AUTO(memory_freep) char *cipher = file_join(folder, "message.cipher");
    AUTO(memory_freep) char *cert = file_join(folder, "encrypt.der");
    fault_must(file_write_atomic(cipher, span_bytes(text), 0600, &err), &err, "write");
    fault_must(file_write_atomic(cert, der, 0600, &err), &err, "write");
}

/* The seal is due when the certificate was renewed. */
static void renew_first(const struct fault_scene *scene, const char *folder,
                        struct fault_plan *plan)
{
    struct fault_scene renew = *scene;
    struct fault_world world;
    renew.kind = "renew";
    fault_world_open(&world, folder, &renew, plan);
    if (!fault_world_start_agent(&world))
        abort();
    fault_world_perform(&world);
    if (!fault_world_done(&world)) {
        fprintf(stderr, "the renewal before: %s, %s\n", world.state, world.code);
        exit(2);
    }
    fault_world_close(&world);
    AUTO(memory_freep) char *journal = file_join(folder, "journal.db");
    if (unlink(journal) != 0)
        abort();
}

void fault_scene_make(const struct fault_scene *scene, const char *folder, struct fault_plan *plan)
{
    struct err err = ERR_INIT;
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(virtual_card_freep) struct virtual_card *card = NULL;
    AUTO(memory_freep) char *portal_folder = file_join(folder, "portal");
    AUTO(memory_freep) char *key_path = file_join(folder, "key.json");
    int64_t organisation_id = 0;
    bool seal = is_kind(scene, "extend-seal");
    fault_must(portal_init(portal_folder, "阳光采购服务平台", "127.0.0.1", "test", &err), &err,
               "make the portal");
    fault_must(portal_open(portal_folder, "test", &portal, &err), &err, "open the portal");
    fault_must(portal_open_keys(portal, &err), &err, "open the portal's keys");
    fault_must(portal_organisation_add(portal, FAULT_ORGANISATION, &organisation_id, &err), &err,
               "organisation");
    card = fault_key_make(scene->key, portal, folder, is_kind(scene, "reset-pin"));
    make_other_key(portal, folder);
    encipher(card, folder);
    if (seal)
        put_seal(scene, portal, card);
    if (seal || is_kind(scene, "renew"))
        make_order(scene, portal);
    if (is_kind(scene, "reset-pin"))
        make_reset(scene, portal);
    fault_must(virtual_card_save(card, key_path, &err), &err, "save the key");
    portal_freep(&portal);
    if (seal)
        renew_first(scene, folder, plan);
}

/* ---- tickets ---- */

static char *number_of(struct portal *portal, const char *sql, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, sql, PORTAL_NO_VALUES, &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return NULL;
    return memory_text(portal_query_text(query, 0));
}

static enum err_code add_ticket(struct portal *portal, const struct fault_scene *scene, char **out,
                                struct err *err)
{
    if (is_kind(scene, "extend-seal"))
        return portal_ticket_add_for_key(portal, scene->key->serial, PORTAL_KIND_EXTEND_SEAL,
                                         TICKET_S, out, err);
    if (is_kind(scene, "reset-pin"))
        return portal_ticket_add_for_reset(portal, 1, NULL, TICKET_S, out, err);
    AUTO(memory_freep) char *order = number_of(portal, "SELECT number FROM renewal_order", err);
    return order == NULL ? err->code
                         : portal_ticket_add(portal, order, PORTAL_KIND_RENEW, TICKET_S, out, err);
}

char *fault_scene_ticket(struct fault_world *world, struct err *err)
{
    char *ticket = NULL;
    if (is_kind(world->scene, "change-pin"))
        return NULL;
    pthread_mutex_lock(&world->platform.lock);
    bool before = fault_memory_elsewhere(true);
    enum err_code code = add_ticket(world->platform.portal, world->scene, &ticket, err);
    fault_memory_elsewhere(before);
    pthread_mutex_unlock(&world->platform.lock);
    return code == ERR_NONE ? ticket : NULL;
}
