#include "base/clock.h"
#include "certs/der.h"
#include "certs/seal_digest.h"
#include "certs/seal_inside.h"
#include "certs/sm2.h"

/* What a UTCTime can say: 1950-01-01T00:00:00Z to 2049-12-31T23:59:59Z. Source: RFC 5280 4.1.2.5.1. */
#define UTC_TIME_MIN INT64_C(-631152000)
#define UTC_TIME_MAX INT64_C(2524607999)

/* ---- the wish ---- */

static enum err_code refuse(struct err *err, const char *what)
{
    return err_set(err, ERR_FIELD_VALUE, "seal: %s", what);
}

/* A malformed certificate in a wish is the wish's fault. */
static enum err_code check_cert(struct span der, struct span public_key, const char *whose,
                                struct err *err)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    if (cert_parse(der, &cert, err) != ERR_NONE) {
        err_add(err, "%s", whose);
        return err->code = err->code == ERR_CRYPTO ? ERR_CRYPTO : ERR_FIELD_VALUE;
    }
    if (public_key.len > 0 && !span_equal(cert_peek(cert)->public_key, public_key))
        return refuse(err, "the maker's certificate is not that of the signing key");
    return ERR_NONE;
}

static enum err_code check_times(const struct seal_wish *wish, struct err *err)
{
    const int64_t times[] = {wish->created_utc, wish->valid_from_utc, wish->valid_until_utc};
    if (wish->valid_from_utc >= wish->valid_until_utc)
        return refuse(err, "validEnd is not later than validStart");
    for (size_t i = 0; i < ARRAY_SIZE(times) && wish->version == SEAL_V1; i++)
        if (times[i] < UTC_TIME_MIN || times[i] > UTC_TIME_MAX)
            return refuse(err, "a time that UTCTime can't say");
    return ERR_NONE;
}

/* What the reader's rules, which are applied to what was written, would not see. */
static enum err_code check_wish(const struct seal_wish *wish, const struct signer *maker,
                                struct err *err)
{
    if (wish->version != SEAL_V1 && wish->version != SEAL_V4)
        return refuse(err, "only V1 and V4 are made");
    if (wish->list != SEAL_LIST_CERTIFICATES &&
        (wish->version == SEAL_V1 || wish->list != SEAL_LIST_DIGESTS))
        return refuse(err, "a certificate list that the version does not have");
    if (check_times(wish, err) != ERR_NONE)
        return err->code;
    for (size_t i = 0; i < wish->holder_count; i++)
        if (check_cert(wish->holders[i], SPAN_NONE, "a holder's certificate", err) != ERR_NONE)
            return err->code;
    return check_cert(wish->maker_cert, maker->public_key, "the maker's certificate", err);
}

/* ---- writing ---- */

/* inner with a header around it; when inner overflowed so does the whole. */
static void add_wrapped(struct buf *to, uint8_t tag, const struct buf *inner)
{
    der_add(to, tag, buf_span(inner));
    to->bad |= inner->bad;
}

/* A negative number becomes one that no field of a seal takes. */
static void add_integer(struct buf *to, int64_t value)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((uint64_t)value >> (8 * (sizeof bytes - 1 - i)));
    der_add_unsigned(to, SPAN_ARRAY(bytes));
}

static void add_time(struct buf *to, enum seal_version version, int64_t utc)
{
    char text[CLOCK_TEXT_BYTES];
    char time[CLOCK_TEXT_BYTES];
    size_t length = 0;
    clock_format_utc(utc, text);
    for (size_t i = version == SEAL_V1 ? 2 : 0; text[i] != '\0'; i++)
        if (strchr("-T:", text[i]) == NULL)
            time[length++] = text[i];
    der_add(to, version == SEAL_V1 ? DER_UTC_TIME : DER_GENERALIZED_TIME, span_of(time, length));
}

static void add_header(struct buf *to, const struct seal_wish *wish)
{
    AUTO(buf_done) struct buf header = BUF_INIT(SEAL_BYTES_MAX);
    der_add(&header, DER_IA5_STRING, span_text("ES"));
    add_integer(&header, wish->version);
    der_add(&header, DER_IA5_STRING, span_text(wish->vendor));
    add_wrapped(to, DER_SEQUENCE, &header);
}

static void add_digest(struct buf *to, struct span cert)
{
    AUTO(buf_done) struct buf object = BUF_INIT(SEAL_BYTES_MAX);
    uint8_t digest[SEAL_DIGEST_BYTES];
    seal_digest(SEAL_DIGEST_NAME, cert, digest);
    der_add(&object, DER_PRINTABLE_STRING, span_text(SEAL_DIGEST_NAME));
    der_add(&object, DER_OCTET_STRING, SPAN_ARRAY(digest));
    add_wrapped(to, DER_SEQUENCE, &object);
}

static void add_holders(struct buf *to, const struct seal_wish *wish)
{
    AUTO(buf_done) struct buf list = BUF_INIT(SEAL_BYTES_MAX);
    for (size_t i = 0; i < wish->holder_count; i++) {
        if (wish->list == SEAL_LIST_DIGESTS)
            add_digest(&list, wish->holders[i]);
        else
            der_add(&list, DER_OCTET_STRING, wish->holders[i]);
    }
    add_wrapped(to, DER_SEQUENCE, &list);
}

static void add_property(struct buf *to, const struct seal_wish *wish)
{
    AUTO(buf_done) struct buf property = BUF_INIT(SEAL_BYTES_MAX);
    add_integer(&property, wish->type);
    der_add(&property, DER_UTF8_STRING, span_text(wish->name));
    if (wish->version != SEAL_V1)
        add_integer(&property, wish->list);
    add_holders(&property, wish);
    add_time(&property, wish->version, wish->created_utc);
    add_time(&property, wish->version, wish->valid_from_utc);
    add_time(&property, wish->version, wish->valid_until_utc);
    add_wrapped(to, DER_SEQUENCE, &property);
}

static void add_picture(struct buf *to, const struct seal_wish *wish)
{
    AUTO(buf_done) struct buf picture = BUF_INIT(SEAL_BYTES_MAX);
    der_add(&picture, DER_IA5_STRING, span_text(wish->picture_type));
    der_add(&picture, DER_OCTET_STRING, wish->picture);
    add_integer(&picture, wish->picture_width_mm);
    add_integer(&picture, wish->picture_height_mm);
    add_wrapped(to, DER_SEQUENCE, &picture);
}

static enum err_code too_large(struct err *err)
{
    return err_set(err, ERR_SEAL_TOO_LARGE, "the seal would have more than %d bytes",
                   SEAL_BYTES_MAX);
}

static enum err_code encode_info(const struct seal_wish *wish, struct bytes **out, struct err *err)
{
    AUTO(buf_done) struct buf content = BUF_INIT(SEAL_BYTES_MAX);
    AUTO(buf_done) struct buf info = BUF_INIT(SEAL_BYTES_MAX);
    add_header(&content, wish);
    der_add(&content, DER_IA5_STRING, span_text(wish->id));
    add_property(&content, wish);
    add_picture(&content, wish);
    add_wrapped(&info, DER_SEQUENCE, &content);
    if (info.bad)
        return too_large(err);
    *out = buf_bytes(&info);
    return ERR_NONE;
}

/* V1 wraps the maker's three parts; V4 has them side by side. */
static enum err_code encode_seal(const struct seal_parts *parts, struct span signature,
                                 struct bytes **out, struct err *err)
{
    AUTO(buf_done) struct buf sign_info = BUF_INIT(SEAL_BYTES_MAX);
    AUTO(buf_done) struct buf content = BUF_INIT(SEAL_BYTES_MAX);
    AUTO(buf_done) struct buf seal = BUF_INIT(SEAL_BYTES_MAX);
    buf_add(&sign_info, parts->maker_whole);
    buf_add(&sign_info, parts->algorithm_whole);
    der_add_bits(&sign_info, signature);
    buf_add(&content, parts->info);
    if (parts->version == SEAL_V1)
        add_wrapped(&content, DER_SEQUENCE, &sign_info);
    else
        buf_add(&content, buf_span(&sign_info));
    add_wrapped(&seal, DER_SEQUENCE, &content);
    if (seal.bad)
        return too_large(err);
    *out = buf_bytes(&seal);
    return ERR_NONE;
}

/* ---- signing ---- */

static enum err_code sign(const struct seal_parts *parts, const struct signer *maker,
                          struct bytes **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *message = seal_asn1_signed_bytes(parts);
    AUTO(bytes_freep) struct bytes *signature = NULL;
    if (message == NULL)
        return too_large(err);
    if (signer_sign_message(maker, span_bytes(message), &signature, err) != ERR_NONE)
        return err->code;
    return encode_seal(parts, span_bytes(signature), out, err);
}

/* A signer that answers with nonsense is found out here, not on the holder's key. */
static enum err_code check_made(struct span der, struct err *err)
{
    AUTO(seal_freep) struct seal *seal = NULL;
    AUTO(cert_freep) struct cert *maker = NULL;
    if (seal_parse(der, &seal, err) != ERR_NONE ||
        cert_parse(seal_peek(seal)->maker_cert, &maker, err) != ERR_NONE ||
        seal_check_signature(seal, maker, err) != ERR_NONE)
        return err_add(err, "check our own seal");
    return ERR_NONE;
}

/* The rules for reading are the rules for writing. */
static enum err_code check_info(struct span info, struct seal_parts *out, struct err *err)
{
    if (seal_asn1_read_info(info, out, err) == ERR_NONE)
        return ERR_NONE;
    err_add(err, "seal to be made");
    return err->code = ERR_FIELD_VALUE;
}

enum err_code seal_make(const struct seal_wish *wish, const struct signer *maker,
                        struct bytes **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *info = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(buf_done) struct buf maker_whole = BUF_INIT(SEAL_BYTES_MAX);
    struct seal_parts parts = {0};
    if (check_wish(wish, maker, err) != ERR_NONE || encode_info(wish, &info, err) != ERR_NONE ||
        check_info(span_bytes(info), &parts, err) != ERR_NONE)
        return err->code;
    der_add(&maker_whole, DER_OCTET_STRING, wish->maker_cert);
    parts.maker_whole = buf_span(&maker_whole);
    parts.algorithm_whole = seal_asn1_algorithm(maker->algorithm);
    if (sign(&parts, maker, &der, err) != ERR_NONE || check_made(span_bytes(der), err) != ERR_NONE)
        return err->code;
    *out = TAKE(der);
    return ERR_NONE;
}
