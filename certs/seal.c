#include "certs/seal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "certs/seal_digest.h"
#include "certs/seal_inside.h"

/* ---- reading ---- */

static char *text_of(struct span text)
{
    return memory_printf("%.*s", (int)text.len, (const char *)text.at);
}

static void fill_texts(struct seal *seal)
{
    const struct seal_parts *parts = &seal->parts;
    seal->facts.vendor = seal->vendor = text_of(parts->vendor);
    seal->facts.id = seal->id = text_of(parts->id);
    seal->facts.name = seal->name = text_of(parts->name);
    seal->facts.picture_type = seal->picture_type = text_of(parts->picture_type);
    if (parts->list != SEAL_LIST_DIGESTS)
        return;
    for (size_t i = 0; i < parts->holder_count; i++)
        seal->holder_digests[i] = text_of(parts->holder_digests[i]);
    seal->facts.holder_digests = (const char *const *)seal->holder_digests;
}

static void fill_facts(struct seal *seal)
{
    const struct seal_parts *parts = &seal->parts;
    seal->facts = (struct seal_facts){
        .version = parts->version,
        .type = parts->type,
        .created_utc = parts->created_utc,
        .valid_from_utc = parts->valid_from_utc,
        .valid_until_utc = parts->valid_until_utc,
        .list = parts->list,
        .holder_count = parts->holder_count,
        .holders = parts->holders,
        .picture = parts->picture,
        .picture_width_mm = parts->picture_width_mm,
        .picture_height_mm = parts->picture_height_mm,
        .maker_cert = parts->maker_cert,
        .der = span_bytes(seal->der),
        .algorithm = parts->algorithm,
        .extension_count = parts->extension_count,
        .extensions = parts->extensions,
        .time_stamp = parts->time_stamp,
    };
    fill_texts(seal);
}

enum err_code seal_parse(struct span der, struct seal **out, struct err *err)
{
    AUTO(seal_freep) struct seal *seal = memory_new(sizeof *seal);
    if (der.len > SEAL_BYTES_MAX)
        return err_set(err, ERR_SEAL_FORMAT, "seal of %zu bytes, at most %d", der.len,
                       SEAL_BYTES_MAX);
    seal->der = bytes_new(der);
    if (seal_asn1_read(span_bytes(seal->der), &seal->parts, err) != ERR_NONE)
        return err->code;
    fill_facts(seal);
    *out = TAKE(seal);
    return ERR_NONE;
}

void seal_free(struct seal *seal)
{
    if (seal == NULL)
        return;
    free(seal->vendor);
    free(seal->id);
    free(seal->name);
    free(seal->picture_type);
    for (size_t i = 0; i < SEAL_HOLDERS_MAX; i++)
        free(seal->holder_digests[i]);
    bytes_free(seal->der);
    free(seal);
}

void seal_freep(struct seal **seal)
{
    seal_free(*seal);
    *seal = NULL;
}

const struct seal_facts *seal_peek(const struct seal *seal)
{
    return &seal->facts;
}

/* ---- comparisons ---- */

static bool holder_is(const struct seal_facts *facts, size_t i, struct span cert)
{
    uint8_t digest[SEAL_DIGEST_BYTES];
    if (facts->list == SEAL_LIST_CERTIFICATES)
        return span_equal(facts->holders[i], cert);
    seal_digest(facts->holder_digests[i], cert, digest);
    return span_equal(facts->holders[i], SPAN_ARRAY(digest));
}

bool seal_binds(const struct seal *seal, const struct cert *cert)
{
    for (size_t i = 0; i < seal->facts.holder_count; i++)
        if (holder_is(&seal->facts, i, cert_peek(cert)->der))
            return true;
    return false;
}

static bool same_picture(const struct seal_facts *a, const struct seal_facts *b)
{
    return span_equal(a->picture, b->picture) && strcmp(a->picture_type, b->picture_type) == 0 &&
           a->picture_width_mm == b->picture_width_mm &&
           a->picture_height_mm == b->picture_height_mm;
}

enum err_code seal_check_extension(const struct seal *present, const struct seal *next,
                                   struct err *err)
{
    const struct seal_facts *old = &present->facts, *new = &next->facts;
    if (strcmp(old->id, new->id) != 0)
        return err_set(err, ERR_SEAL_IDENTITY, "esID \"%.64s\" became \"%.64s\"", old->id, new->id);
    if (strcmp(old->name, new->name) != 0)
        return err_set(err, ERR_SEAL_IDENTITY, "the seal's name changed");
    if (old->type != new->type)
        return err_set(err, ERR_SEAL_IDENTITY, "the seal's type changed");
    if (new->version < old->version)
        return err_set(err, ERR_SEAL_IDENTITY, "version %d became %d", (int)old->version,
                       (int)new->version);
    if (!same_picture(old, new))
        return err_set(err, ERR_SEAL_PICTURE, "the picture, its type or its size changed");
    if (new->valid_until_utc <= old->valid_until_utc)
        return err_set(err, ERR_SEAL_END, "the new seal ends no later than the present one");
    return ERR_NONE;
}
