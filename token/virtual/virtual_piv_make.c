#include "token/virtual/virtual_piv_make.h"

#include "base/buf.h"
#include "base/memory.h"
#include "token/virtual/virtual_piv_tlv.h"

#define OBJECT_BYTES_MAX (VIRTUAL_CERTIFICATE_BYTES_MAX + 64)
#define FASC_N_BYTES 25
#define CHUID_BYTES_MAX 128
#define EXPIRY "20991231"

/* The number of a card that no federal agency issued. Source: SP 800-73-4 Part 1, 3.1.2; TIG SCEPACS
 * 2.2, agency 9999. */
static const uint8_t fasc_n[FASC_N_BYTES] = {0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE,
                                             0x73, 0x9D, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10,
                                             0x84, 0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB};

static enum err_code set_secret(struct virtual_piv_pin *pin, const char *typed, const char *what,
                                struct err *err)
{
    uint8_t padded[VIRTUAL_PIV_PIN_BYTES];
    if (!virtual_piv_objects_pad(span_text(typed), padded))
        return err_set(err, ERR_FIELD_VALUE, "%s: %d to %d characters are allowed", what,
                       VIRTUAL_PIV_PIN_BYTES_MIN, VIRTUAL_PIV_PIN_BYTES);
    virtual_piv_objects_set_pin(pin, padded);
    return ERR_NONE;
}

static enum err_code set_management_key(struct virtual_piv_objects *objects,
                                        const struct virtual_piv_wish *wish, struct err *err)
{
    static const uint8_t shipped[VIRTUAL_PIV_MANAGEMENT_BYTES_MAX] = {
        1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8,
        1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8};
    if (wish->cipher != 0)
        objects->cipher = wish->cipher;
    size_t bytes = virtual_piv_crypto_key_bytes(objects->cipher);
    struct span key = wish->management_key.len > 0 ? wish->management_key : span_of(shipped, bytes);
    if (key.len != bytes)
        return err_set(err, ERR_FIELD_VALUE, "management key: %s has %zu bytes",
                       virtual_piv_crypto_name(objects->cipher), bytes);
    memcpy(objects->management_key, key.at, key.len);
    return ERR_NONE;
}

/* The object that says who the card is. Source: SP 800-73-4 Part 1, Table 9. */
static bool put_chuid(struct virtual_piv_objects *objects)
{
    uint8_t guid[VIRTUAL_PIV_GUID_BYTES];
    AUTO(buf_done) struct buf chuid = BUF_INIT(CHUID_BYTES_MAX);
    virtual_piv_objects_guid(objects, guid);
    virtual_piv_tlv_put(&chuid, 0x30, SPAN_ARRAY(fasc_n));
    virtual_piv_tlv_put(&chuid, 0x34, SPAN_ARRAY(guid));
    virtual_piv_tlv_put(&chuid, 0x35, span_text(EXPIRY));
    virtual_piv_tlv_put(&chuid, 0x3E, SPAN_NONE); /* nobody signed it */
    virtual_piv_tlv_put(&chuid, VIRTUAL_PIV_ERROR_DETECTION, SPAN_NONE);
    return virtual_piv_objects_put(objects, VIRTUAL_PIV_CHUID, buf_span(&chuid));
}

enum err_code virtual_piv_make_slot(struct virtual_piv_objects *objects, uint8_t reference,
                                    struct virtual_pair *pair, struct span certificate,
                                    struct err *err)
{
    AUTO(buf_done) struct buf object = BUF_INIT(OBJECT_BYTES_MAX);
    struct virtual_piv_slot *slot = virtual_piv_objects_slot(objects, reference);
    virtual_piv_tlv_put(&object, VIRTUAL_PIV_CERTIFICATE, certificate);
    virtual_piv_tlv_put_u8(&object, VIRTUAL_PIV_CERTIFICATE_INFO, 0);
    virtual_piv_tlv_put(&object, VIRTUAL_PIV_ERROR_DETECTION, SPAN_NONE);
    if (slot == NULL ||
        !virtual_piv_objects_put(objects, virtual_piv_objects_certificate_tag(reference),
                                 buf_span(&object)))
        return err_set(err, ERR_TOKEN_NO_SPACE, "slot %02X, certificate of %zu bytes", reference,
                       certificate.len);
    virtual_pair_free(slot->pair);
    slot->pair = pair;
    return ERR_NONE;
}

static enum err_code make_signature_key(struct virtual_piv_objects *objects,
                                        const struct virtual_piv_wish *wish,
                                        const struct virtual_issuer *issuer, struct err *err)
{
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    AUTO(bytes_freep) struct bytes *certificate = NULL;
    if (!virtual_piv_profile_makes(wish->profile, wish->kind))
        return err_set(err, ERR_FIELD_VALUE, "%s does not have this algorithm",
                       wish->profile->name);
    if (virtual_pair_generate(wish->kind, &pair, err) != ERR_NONE ||
        virtual_issuer_sign(issuer, pair, &wish->subject, VIRTUAL_USAGE_BOTH, &certificate, err) !=
            ERR_NONE ||
        virtual_piv_make_slot(objects, VIRTUAL_PIV_SIGNATURE, pair, span_bytes(certificate), err) !=
            ERR_NONE)
        return err->code;
    pair = NULL; /* the slot's now */
    return ERR_NONE;
}

enum err_code virtual_piv_make(const struct virtual_piv_wish *wish,
                               const struct virtual_issuer *issuer,
                               struct virtual_piv_objects **out, struct err *err)
{
    AUTO(virtual_piv_objects_freep)
    struct virtual_piv_objects *objects =
        virtual_piv_objects_new(wish->profile, wish->serial, wish->label);
    if (objects == NULL)
        return err_set(err, ERR_FIELD_VALUE, "serial number (%s) or label (at most %d bytes)",
                       virtual_piv_profile_has(wish->profile, VIRTUAL_PIV_SERIAL)
                           ? "1 to 4294967295"
                           : "32 digits 0 to 9 and A to F, not all 0",
                       VIRTUAL_LABEL_BYTES_MAX);
    if (set_secret(&objects->pin, wish->pin, "PIN", err) != ERR_NONE ||
        set_secret(&objects->puk, wish->puk, "PUK", err) != ERR_NONE ||
        set_management_key(objects, wish, err) != ERR_NONE)
        return err->code;
    if (!put_chuid(objects))
        return err_set(err, ERR_TOKEN_NO_SPACE, "the CHUID");
    if (make_signature_key(objects, wish, issuer, err) != ERR_NONE)
        return err->code;
    *out = TAKE(objects);
    return ERR_NONE;
}
