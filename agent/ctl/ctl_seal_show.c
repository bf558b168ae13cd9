#include "agent/ctl/ctl_seal_show.h"

#include <inttypes.h>
#include <stdlib.h>

#include "agent/ctl/ctl_cert.h"
#include "agent/ctl/ctl_show.h"
#include "agent/ctl/ctl_text.h"
#include "base/buf.h"
#include "base/hex.h"

/* "2.16.840.1.101.3.4.2.1" has 22; longer than any that is registered. */
#define OID_TEXT_MAX 512
#define LABEL(zh, en) ((struct text){zh, en})

/* ---- JSON ---- */

/* Dotted. The content has passed the DER reader: it is not empty and its last arc is whole. An arc beyond
 * 64 bits is shown modulo that. */
static char *oid_text(struct span oid)
{
    AUTO(buf_done) struct buf text = BUF_INIT(OID_TEXT_MAX);
    uint64_t arc = 0;
    bool first = true;
    for (size_t i = 0; i < oid.len; i++) {
        arc = arc << 7 | (oid.at[i] & 0x7F);
        if (oid.at[i] >= 0x80)
            continue;
        uint64_t top = arc < 80 ? arc / 40 : 2;
        if (first)
            buf_printf(&text, "%" PRIu64 ".%" PRIu64, top, arc - 40 * top);
        else
            buf_printf(&text, ".%" PRIu64, arc);
        first = false;
        arc = 0;
    }
    if (text.bad)
        return hex_encode(oid);
    return memory_printf("%.*s", (int)text.len, (const char *)text.at);
}

/* The facts of a certificate; of one that can't be read the reason. */
static struct json *certificate_json(struct span der)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    struct err err = ERR_INIT;
    if (cert_parse(der, &cert, &err) == ERR_NONE)
        return ctl_cert_json(cert);
    struct json *json = json_new_object();
    json_add_text(json, "error", err_code_text(err.code));
    json_add_text(json, "detail", err.detail);
    return json;
}

static struct json *digest_json(const char *algorithm, struct span digest)
{
    struct json *json = json_new_object();
    AUTO(memory_freep) char *hex = hex_encode(digest);
    json_add_text(json, "digest_algorithm", algorithm);
    json_add_text(json, "digest", hex);
    return json;
}

static struct json *holders_json(const struct seal_facts *facts)
{
    struct json *holders = json_new_array();
    for (size_t i = 0; i < facts->holder_count; i++)
        json_append(holders, facts->list == SEAL_LIST_DIGESTS
                                 ? digest_json(facts->holder_digests[i], facts->holders[i])
                                 : certificate_json(facts->holders[i]));
    return holders;
}

static struct json *picture_json(const struct seal_facts *facts)
{
    struct json *picture = json_new_object();
    json_add_text(picture, "type", facts->picture_type);
    json_add_integer(picture, "bytes", (int64_t)facts->picture.len);
    json_add_integer(picture, "width_mm", facts->picture_width_mm);
    json_add_integer(picture, "height_mm", facts->picture_height_mm);
    return picture;
}

static struct json *extensions_json(const struct seal_facts *facts)
{
    struct json *extensions = json_new_array();
    for (size_t i = 0; i < facts->extension_count; i++) {
        struct json *extension = json_new_object();
        AUTO(memory_freep) char *id = oid_text(facts->extensions[i].id);
        json_add_text(extension, "id", id);
        json_add_bool(extension, "critical", facts->extensions[i].critical);
        json_add_base64(extension, "value", facts->extensions[i].value);
        json_append(extensions, extension);
    }
    return extensions;
}

struct json *ctl_seal_json(const struct seal *seal)
{
    const struct seal_facts *facts = seal_peek(seal);
    struct json *json = json_new_object();
    AUTO(memory_freep) char *algorithm = oid_text(facts->algorithm);
    json_add_integer(json, "version", facts->version);
    json_add_text(json, "vendor", facts->vendor);
    json_add_text(json, "id", facts->id);
    json_add_text(json, "name", facts->name);
    json_add_integer(json, "type", facts->type);
    json_add_utc(json, "created", facts->created_utc);
    json_add_utc(json, "valid_from", facts->valid_from_utc);
    json_add_utc(json, "valid_until", facts->valid_until_utc);
    json_add(json, "picture", picture_json(facts));
    json_add_text(json, "list", facts->list == SEAL_LIST_DIGESTS ? "digests" : "certificates");
    json_add(json, "holders", holders_json(facts));
    json_add(json, "maker", certificate_json(facts->maker_cert));
    json_add_text(json, "signature_algorithm", algorithm);
    json_add(json, "extensions", extensions_json(facts));
    if (facts->time_stamp.len > 0)
        json_add_base64(json, "time_stamp", facts->time_stamp);
    json_add_integer(json, "bytes", (int64_t)facts->der.len);
    return json;
}

/* ---- text ---- */

static const struct {
    int64_t number;
    const char *text;
} standards[] = {{SEAL_V1, "V1, GM/T 0031-2014"},
                 {SEAL_V4, "V4, GB/T 38540-2020"},
                 {SEAL_V5, "V5, GM/T 0031-2025"}};

static const struct {
    int64_t number;
    struct text text;
} kinds[] = {{1, {"单位印章", "unit seal"}}, {2, {"个人印章", "personal seal"}}};

/* -1 for what the JSON reader does not take: numbers beyond 2^53. */
static int64_t number_at(const struct json *object, const char *name)
{
    struct err ignored = ERR_INIT;
    int64_t value = 0;
    const struct json_field field = {name, JSON_INTEGER, .limit = INT64_MAX, .out = &value};
    if (json_read(object, &field, 1, JSON_UNKNOWN_IGNORED, &ignored) != ERR_NONE)
        return -1;
    return value;
}

static const char *text_at(const struct json *object, const char *name)
{
    return json_text_of(json_member(object, name));
}

static void print_version(FILE *out, const struct json *seal, enum lang lang)
{
    int64_t version = number_at(seal, "version");
    for (size_t i = 0; i < ARRAY_SIZE(standards); i++)
        if (standards[i].number == version)
            ctl_text_line(out, 2, LABEL("版本", "Version"), lang, standards[i].text);
}

static void print_kind(FILE *out, const struct json *seal, enum lang lang)
{
    int64_t kind = number_at(seal, "type");
    AUTO(memory_freep) char *number = memory_printf("%" PRId64, kind);
    const char *text = kind < 0 ? "?" : number;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i].number == kind)
            text = text_in(kinds[i].text, lang);
    ctl_text_line(out, 2, LABEL("类型", "Type"), lang, text);
}

static void print_validity(FILE *out, const struct json *seal, enum lang lang)
{
    AUTO(memory_freep)
    char *line = memory_printf("%s %s %s", text_at(seal, "valid_from"),
                               lang == LANG_EN ? "to" : "至", text_at(seal, "valid_until"));
    ctl_text_line(out, 2, LABEL("制作时间", "Created"), lang, text_at(seal, "created"));
    ctl_text_line(out, 2, LABEL("有效期", "Valid"), lang, line);
}

static void print_picture(FILE *out, const struct json *seal, enum lang lang)
{
    const struct json *picture = json_member(seal, "picture");
    AUTO(memory_freep)
    char *line =
        memory_printf(lang == LANG_EN ? "%s, %d x %d mm, %d bytes" : "%s，%d × %d 毫米，%d 字节",
                      text_at(picture, "type"), (int)number_at(picture, "width_mm"),
                      (int)number_at(picture, "height_mm"), (int)number_at(picture, "bytes"));
    ctl_text_line(out, 2, LABEL("图片", "Picture"), lang, line);
}

static void print_certificate(FILE *out, const struct json *certificate, enum lang lang)
{
    if (text_at(certificate, "error") == NULL) {
        ctl_show_certificate(out, certificate, lang);
        return;
    }
    ctl_text_line(out, 4, LABEL("无法读取", "Not readable"), lang, text_at(certificate, "detail"));
}

static void print_holder(FILE *out, const struct json *holder, enum lang lang)
{
    const char *digest = text_at(holder, "digest");
    if (digest == NULL) {
        print_certificate(out, holder, lang);
        return;
    }
    AUTO(memory_freep)
    char *line = memory_printf("%s %s", text_at(holder, "digest_algorithm"), digest);
    ctl_text_line(out, 4, LABEL("证书杂凑值", "Digest of the certificate"), lang, line);
}

static void print_extensions(FILE *out, const struct json *seal, enum lang lang)
{
    const struct json *extensions = json_member(seal, "extensions");
    for (size_t i = 0; i < json_count(extensions); i++) {
        const struct json *extension = json_item(extensions, i);
        AUTO(memory_freep)
        char *line = memory_printf("%s %s", text_at(extension, "id"), text_at(extension, "value"));
        ctl_text_line(out, 2, LABEL("自定义数据", "Extension data"), lang, line);
    }
}

static void print_title(FILE *out, struct text title, enum lang lang)
{
    fprintf(out, "%s\n", text_in(title, lang));
}

void ctl_seal_print(FILE *out, const struct json *seal, enum lang lang)
{
    const struct json *holders = json_member(seal, "holders");
    ctl_text_line(out, 0, LABEL("电子签章", "Seal"), lang, text_at(seal, "name"));
    ctl_text_line(out, 2, LABEL("标识", "Id"), lang, text_at(seal, "id"));
    print_version(out, seal, lang);
    ctl_text_line(out, 2, LABEL("厂商", "Vendor"), lang, text_at(seal, "vendor"));
    print_kind(out, seal, lang);
    print_validity(out, seal, lang);
    print_picture(out, seal, lang);
    print_extensions(out, seal, lang);
    ctl_text_line(out, 2, LABEL("签名算法", "Signature algorithm"), lang,
                  text_at(seal, "signature_algorithm"));
    ctl_text_line(out, 2, LABEL("时间戳（未验证）", "Time stamp (not verified)"), lang,
                  text_at(seal, "time_stamp"));
    print_title(out, LABEL("制章人", "Maker"), lang);
    print_certificate(out, json_member(seal, "maker"), lang);
    print_title(out, LABEL("签章者", "Holders"), lang);
    for (size_t i = 0; i < json_count(holders); i++)
        print_holder(out, json_item(holders, i), lang);
}
