#include "certs/seal_asn1.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "certs/der.h"
#include "certs/public_key.h"

/* A digest of up to 512 bits. */
#define DIGEST_BYTES_MAX 64
/* Where two digits of a year turn to the next century. Source: RFC 5280 4.1.2.5.1. */
#define UTC_TIME_PIVOT '5'

/* What sets the versions apart. */
static const struct form {
    enum seal_version version;
    const char *standard;
    size_t parts_min, parts_max; /* of SESeal */
    uint8_t time_tag;
    size_t time_bytes;
    bool list_typed; /* certListType is there */
} forms[] = {
    {SEAL_V1, "GM/T 0031-2014", 2, 2, DER_UTC_TIME, 13, false},
    {SEAL_V4, "GB/T 38540-2020", 4, 4, DER_GENERALIZED_TIME, 15, true},
    {SEAL_V5, "GM/T 0031-2025", 4, 5, DER_GENERALIZED_TIME, 15, true},
};

static const struct form *form_of(int64_t version)
{
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        if ((int64_t)forms[i].version == version)
            return &forms[i];
    return NULL;
}

static enum err_code malformed(const struct seal_parts *parts, const char *where, const char *what,
                               struct err *err)
{
    const struct form *form = form_of(parts->version);
    return err_set(err, ERR_SEAL_FORMAT, "%s %s: %s", form == NULL ? "seal" : form->standard, where,
                   what);
}

/* ---- values ---- */

static bool take_integer(struct span *from, int64_t max, int64_t *out)
{
    uint8_t bytes[8];
    struct span rest = *from;
    uint64_t value = 0;
    if (!der_take_unsigned(&rest, bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        value = value << 8 | bytes[i];
    if (value > (uint64_t)max)
        return false;
    *from = rest;
    *out = (int64_t)value;
    return true;
}

/* C0 and DEL; C1 in its UTF-8 form. */
static bool is_control(const uint8_t *at, size_t length)
{
    if (length == 1)
        return at[0] < 0x20 || at[0] == 0x7F;
    return length == 2 && at[0] == 0xC2 && at[1] < 0xA0;
}

static bool utf8_ok(struct span text)
{
    size_t length;
    for (size_t i = 0; i < text.len; i += length) {
        length = text_utf8_length(text.at + i, text.len - i);
        if (length == 0 || is_control(text.at + i, length))
            return false;
    }
    return true;
}

static bool ia5_ok(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] >= 0x80)
            return false;
    return utf8_ok(text);
}

/* Source: ITU-T X.680 41.4. */
static bool printable_ok(struct span text)
{
    static const char others[] = " '()+,-./:=?";
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool digit = c >= '0' && c <= '9';
        if (!letter && !digit && memchr(others, c, sizeof others - 1) == NULL)
            return false;
    }
    return true;
}

static bool take_text(struct span *from, uint8_t tag, size_t bytes_min, struct span *out)
{
    static const struct {
        uint8_t tag;
        bool (*ok)(struct span text);
    } rules[] = {
        {DER_IA5_STRING, ia5_ok},
        {DER_UTF8_STRING, utf8_ok},
        {DER_PRINTABLE_STRING, printable_ok},
    };
    struct span text;
    if (!der_take(from, tag, &text) || text.len < bytes_min || text.len > SEAL_TEXT_BYTES_MAX)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i].tag == tag && !rules[i].ok(text))
            return false;
    *out = text;
    return true;
}

/* YYMMDDhhmmssZ or YYYYMMDDhhmmssZ as the version has it: UTC, with seconds, without fractions.
 * Source: ITU-T X.690 11.7, 11.8. */
static bool take_time(struct span *from, const struct form *form, int64_t *out_utc)
{
    struct span time;
    char text[CLOCK_TEXT_BYTES];
    char digits[14];
    size_t century = form->time_tag == DER_UTC_TIME ? 2 : 0;
    if (!der_take(from, form->time_tag, &time) || time.len != form->time_bytes ||
        time.at[time.len - 1] != 'Z')
        return false;
    if (century > 0)
        memcpy(digits, time.at[0] < UTC_TIME_PIVOT ? "20" : "19", century);
    memcpy(digits + century, time.at, time.len - 1);
    (void)snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", digits, digits + 4,
                   digits + 6, digits + 8, digits + 10, digits + 12);
    return clock_parse_utc(text, out_utc);
}

/* One DER SEQUENCE and nothing else; what is inside is the certificate reader's matter. */
static bool take_certificate(struct span *from, struct span *out)
{
    struct span octets, content;
    if (!der_take(from, DER_OCTET_STRING, &octets))
        return false;
    *out = octets;
    return octets.len <= CERT_BYTES_MAX && der_take(&octets, DER_SEQUENCE, &content) &&
           octets.len == 0;
}

/* ---- SES_Header ---- */

static enum err_code read_header(struct span *info, struct seal_parts *parts, struct err *err)
{
    struct span header, id;
    int64_t version;
    if (!der_take(info, DER_SEQUENCE, &header))
        return malformed(parts, "SES_SealInfo.header", "no sequence", err);
    if (!der_take(&header, DER_IA5_STRING, &id) || !span_equal(id, span_text("ES")))
        return malformed(parts, "SES_Header.ID", "not \"ES\"", err);
    if (!take_integer(&header, INT32_MAX, &version))
        return malformed(parts, "SES_Header.version", "no small INTEGER", err);
    const struct form *form = form_of(version);
    if (form == NULL)
        return err_set(err, ERR_SEAL_VERSION, "SES_Header.version is %d", (int)version);
    parts->version = form->version;
    if (!take_text(&header, DER_IA5_STRING, 0, &parts->vendor))
        return malformed(parts, "SES_Header.Vid", "no IA5String of at most 256 bytes", err);
    if (header.len > 0)
        return malformed(parts, "SES_Header", "more than three parts", err);
    return ERR_NONE;
}

/* ---- SES_ESPropertyInfo ---- */

static enum err_code read_list_type(struct span *property, struct seal_parts *parts,
                                    struct err *err)
{
    int64_t list = SEAL_LIST_CERTIFICATES;
    if (form_of(parts->version)->list_typed &&
        (!take_integer(property, SEAL_LIST_DIGESTS, &list) || list < SEAL_LIST_CERTIFICATES))
        return malformed(parts, "SES_ESPropertyInfo.certListType", "neither 1 nor 2", err);
    parts->list = (enum seal_list)list;
    return ERR_NONE;
}

static bool take_digest(struct span *from, struct span *out_algorithm, struct span *out)
{
    struct span object;
    return der_take(from, DER_SEQUENCE, &object) &&
           take_text(&object, DER_PRINTABLE_STRING, 0, out_algorithm) &&
           der_take(&object, DER_OCTET_STRING, out) && object.len == 0 && out->len > 0 &&
           out->len <= DIGEST_BYTES_MAX;
}

static enum err_code read_holder(struct span *list, struct seal_parts *parts, struct err *err)
{
    size_t i = parts->holder_count;
    if (i == SEAL_HOLDERS_MAX)
        return malformed(parts, "SES_ESPropertyInfo.certList", "more than 64 holders", err);
    if (parts->list == SEAL_LIST_CERTIFICATES && !take_certificate(list, &parts->holders[i]))
        return malformed(parts, "SES_ESPropertyInfo.certList",
                         "an item is no OCTET STRING of one certificate", err);
    if (parts->list == SEAL_LIST_DIGESTS &&
        !take_digest(list, &parts->holder_digests[i], &parts->holders[i]))
        return malformed(parts, "SES_ESPropertyInfo.certList", "an item is no CertDigestObj", err);
    parts->holder_count++;
    return ERR_NONE;
}

static enum err_code read_holders(struct span *property, struct seal_parts *parts, struct err *err)
{
    struct span list;
    if (!der_take(property, DER_SEQUENCE, &list) || list.len == 0)
        return malformed(parts, "SES_ESPropertyInfo.certList", "no sequence, or an empty one", err);
    while (list.len > 0)
        if (read_holder(&list, parts, err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}

static enum err_code read_times(struct span *property, struct seal_parts *parts, struct err *err)
{
    const struct form *form = form_of(parts->version);
    const struct {
        const char *where;
        int64_t *out_utc;
    } times[] = {
        {"SES_ESPropertyInfo.createDate", &parts->created_utc},
        {"SES_ESPropertyInfo.validStart", &parts->valid_from_utc},
        {"SES_ESPropertyInfo.validEnd", &parts->valid_until_utc},
    };
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        if (!take_time(property, form, times[i].out_utc))
            return malformed(parts, times[i].where,
                             form->time_tag == DER_UTC_TIME ? "no UTCTime with seconds and Z"
                                                            : "no GeneralizedTime in seconds and Z",
                             err);
    return ERR_NONE;
}

static enum err_code read_property(struct span *info, struct seal_parts *parts, struct err *err)
{
    struct span property;
    if (!der_take(info, DER_SEQUENCE, &property))
        return malformed(parts, "SES_SealInfo.property", "no sequence", err);
    if (!take_integer(&property, INT64_MAX, &parts->type))
        return malformed(parts, "SES_ESPropertyInfo.type", "no non-negative INTEGER", err);
    if (!take_text(&property, DER_UTF8_STRING, 0, &parts->name))
        return malformed(parts, "SES_ESPropertyInfo.name", "no UTF8String of at most 256 bytes",
                         err);
    if (read_list_type(&property, parts, err) != ERR_NONE ||
        read_holders(&property, parts, err) != ERR_NONE ||
        read_times(&property, parts, err) != ERR_NONE)
        return err->code;
    if (property.len > 0)
        return malformed(parts, "SES_ESPropertyInfo", "something behind validEnd", err);
    return ERR_NONE;
}

/* ---- SES_ESPictrueInfo ---- */

static bool take_millimetres(struct span *from, int64_t *out)
{
    return take_integer(from, SEAL_PICTURE_MM_MAX, out) && *out > 0;
}

static enum err_code read_picture(struct span *info, struct seal_parts *parts, struct err *err)
{
    struct span picture;
    if (!der_take(info, DER_SEQUENCE, &picture))
        return malformed(parts, "SES_SealInfo.picture", "no sequence", err);
    if (!take_text(&picture, DER_IA5_STRING, 1, &parts->picture_type))
        return malformed(parts, "SES_ESPictrueInfo.type", "no IA5String of 1 to 256 bytes", err);
    if (!der_take(&picture, DER_OCTET_STRING, &parts->picture) || parts->picture.len == 0)
        return malformed(parts, "SES_ESPictrueInfo.data", "no OCTET STRING, or an empty one", err);
    if (!take_millimetres(&picture, &parts->picture_width_mm))
        return malformed(parts, "SES_ESPictrueInfo.width", "not 1 to 200 mm", err);
    if (!take_millimetres(&picture, &parts->picture_height_mm))
        return malformed(parts, "SES_ESPictrueInfo.height", "not 1 to 200 mm", err);
    if (picture.len > 0)
        return malformed(parts, "SES_ESPictrueInfo", "more than four parts", err);
    return ERR_NONE;
}

/* ---- ExtensionDatas ---- */

/* FALSE is the default, which DER leaves out; real seals write it. */
static bool take_extension(struct span *from, struct seal_extension *out)
{
    struct span extension, critical = SPAN_NONE;
    if (!der_take(from, DER_SEQUENCE, &extension) || !der_take(&extension, DER_OID, &out->id))
        return false;
    (void)der_take(&extension, DER_BOOLEAN, &critical);
    out->critical = critical.len > 0 && critical.at[0] != 0;
    return der_take(&extension, DER_OCTET_STRING, &out->value) && extension.len == 0;
}

static enum err_code read_extension(struct span *list, struct seal_parts *parts, struct err *err)
{
    struct seal_extension extension;
    if (parts->extension_count == SEAL_EXTENSIONS_MAX)
        return malformed(parts, "SES_SealInfo.extDatas", "more than 32 extensions", err);
    if (!take_extension(list, &extension))
        return malformed(parts, "SES_SealInfo.extDatas", "an item is no ExtData", err);
    for (size_t i = 0; i < parts->extension_count; i++)
        if (span_equal(parts->extensions[i].id, extension.id))
            return malformed(parts, "ExtData.extnID", "occurs twice", err);
    parts->extensions[parts->extension_count++] = extension;
    return ERR_NONE;
}

/* Untagged, or [0] EXPLICIT as the seal signature has it. */
static enum err_code read_extensions(struct span *info, struct seal_parts *parts, struct err *err)
{
    struct span tagged, list;
    if (info->len == 0)
        return ERR_NONE;
    bool is_tagged = der_take(info, DER_CONTEXT_0, &tagged);
    struct span *from = is_tagged ? &tagged : info;
    if (!der_take(from, DER_SEQUENCE, &list) || from->len > 0 || info->len > 0)
        return malformed(parts, "SES_SealInfo.extDatas", "no sequence, or something behind it",
                         err);
    while (list.len > 0)
        if (read_extension(&list, parts, err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}

/* ---- SES_SealInfo ---- */

enum err_code seal_asn1_read_info(struct span info, struct seal_parts *parts, struct err *err)
{
    struct span content;
    parts->info = info;
    if (!der_take(&info, DER_SEQUENCE, &content) || info.len > 0)
        return malformed(parts, "SESeal.eSealInfo", "no sequence", err);
    if (read_header(&content, parts, err) != ERR_NONE)
        return err->code;
    if (!take_text(&content, DER_IA5_STRING, 1, &parts->id))
        return malformed(parts, "SES_SealInfo.esID", "no IA5String of 1 to 256 bytes", err);
    if (read_property(&content, parts, err) != ERR_NONE ||
        read_picture(&content, parts, err) != ERR_NONE)
        return err->code;
    return read_extensions(&content, parts, err);
}

/* ---- SESeal ---- */

/* The length of an item that was just taken: everything from its start to what follows it. */
static struct span whole_of(struct span before, struct span after)
{
    return span_of(before.at, before.len - after.len);
}

static enum err_code read_maker(struct span *from, struct seal_parts *parts, struct err *err)
{
    struct span before = *from;
    if (!take_certificate(from, &parts->maker_cert))
        return malformed(parts, "SESeal.cert", "no OCTET STRING of one certificate", err);
    parts->maker_whole = whole_of(before, *from);
    before = *from;
    if (!der_take(from, DER_OID, &parts->algorithm))
        return malformed(parts, "SESeal.signAlgID", "no OID", err);
    parts->algorithm_whole = whole_of(before, *from);
    if (!der_take_bits(from, &parts->signature) || parts->signature.len == 0)
        return malformed(parts, "SESeal.signedValue", "no BIT STRING of whole bytes", err);
    return ERR_NONE;
}

/* V1 wraps the maker's three parts; V4 and V5 have them side by side. The parts of SESeal are counted. */
static enum err_code read_signature(struct span rest, struct seal_parts *parts, struct err *err)
{
    struct span sign_info, time_stamp;
    if (parts->version == SEAL_V1 && !der_take(&rest, DER_SEQUENCE, &sign_info))
        return malformed(parts, "SESeal.signInfo", "no sequence", err);
    struct span *from = parts->version == SEAL_V1 ? &sign_info : &rest;
    if (read_maker(from, parts, err) != ERR_NONE)
        return err->code;
    if (parts->version == SEAL_V5 && rest.len > 0 &&
        (!der_take(&rest, DER_CONTEXT_0, &time_stamp) ||
         !der_take_bits(&time_stamp, &parts->time_stamp) || parts->time_stamp.len == 0 ||
         time_stamp.len > 0))
        return malformed(parts, "SESeal.timeStamp", "no [0] BIT STRING of whole bytes", err);
    if (from->len > 0)
        return malformed(parts, "SESeal", "something behind the last part", err);
    return ERR_NONE;
}

static enum err_code check_part_count(const struct seal_parts *parts, struct err *err)
{
    const struct form *form = form_of(parts->version);
    if (parts->part_count < form->parts_min || parts->part_count > form->parts_max)
        return err_set(err, ERR_SEAL_FORMAT, "%s SESeal: %zu parts", form->standard,
                       parts->part_count);
    return ERR_NONE;
}

/* der_check has been there, so every item can be taken. */
static size_t count_items(struct span items)
{
    size_t count = 0;
    struct der_item item;
    while (der_next(&items, &item))
        count++;
    return count;
}

enum err_code seal_asn1_read(struct span der, struct seal_parts *out, struct err *err)
{
    struct seal_parts parts = {0};
    struct span content, info;
    if (der.len > SEAL_BYTES_MAX)
        return err_set(err, ERR_SEAL_FORMAT, "seal of %zu bytes, at most %d", der.len,
                       SEAL_BYTES_MAX);
    if (der_check(der, err) != ERR_NONE) {
        err_add(err, "seal");
        return err->code = ERR_SEAL_FORMAT;
    }
    if (!der_take(&der, DER_SEQUENCE, &content))
        return malformed(&parts, "SESeal", "no sequence", err);
    parts.part_count = count_items(content);
    if (!der_take_whole(&content, DER_SEQUENCE, &info))
        return malformed(&parts, "SESeal.eSealInfo", "no sequence", err);
    if (seal_asn1_read_info(info, &parts, err) != ERR_NONE ||
        check_part_count(&parts, err) != ERR_NONE ||
        read_signature(content, &parts, err) != ERR_NONE)
        return err->code;
    *out = parts;
    return ERR_NONE;
}

/* ---- what is signed ---- */

struct bytes *seal_asn1_signed_bytes(const struct seal_parts *parts)
{
    if (parts->version != SEAL_V1)
        return bytes_new(parts->info);
    AUTO(buf_done) struct buf content = BUF_INIT(SEAL_BYTES_MAX);
    AUTO(buf_done) struct buf der = BUF_INIT(SEAL_BYTES_MAX + 4); /* with a header of four bytes */
    buf_add(&content, parts->info);
    buf_add(&content, parts->maker_whole);
    buf_add(&content, parts->algorithm_whole);
    if (content.bad)
        return NULL;
    der_add(&der, DER_SEQUENCE, buf_span(&content));
    return buf_bytes(&der);
}

struct span seal_asn1_algorithm(enum cert_algorithm algorithm)
{
    struct span identifier = public_key_signature_algorithm(algorithm);
    struct span content, oid;
    bool found =
        der_take(&identifier, DER_SEQUENCE, &content) && der_take_whole(&content, DER_OID, &oid);
    return found ? oid : SPAN_NONE;
}
