/* Electronic seals: read strictly, checked in the order of the standard, made for a seal maker. Pure.
 *
 * Three versions are understood: GM/T 0031-2014 (V1), GB/T 38540-2020 (V4), GM/T 0031-2025 (V5). */
#pragma once

#include "certs/cert.h"
#include "certs/chain.h"
#include "certs/signer.h"

/* What a key's file can hold. */
#define SEAL_BYTES_MAX 65535
#define SEAL_TEXT_BYTES_MAX 256
/* Holders of one seal: a unit's seal is bound to a handful of keys. */
#define SEAL_HOLDERS_MAX 64
#define SEAL_PICTURE_MM_MAX 200

enum seal_version { SEAL_V1 = 1, SEAL_V4 = 4, SEAL_V5 = 5 };
/* How the certificate list names its holders. V1 has certificates only. */
enum seal_list { SEAL_LIST_CERTIFICATES = 1, SEAL_LIST_DIGESTS = 2 };

/* Extension data of one seal; samples have none or a few. */
#define SEAL_EXTENSIONS_MAX 32

struct seal;

/* ExtData: what a maker adds of its own. */
struct seal_extension {
    struct span id; /* content of the OID */
    bool critical;
    struct span value;
};

/* Facts, borrowed from the seal. Texts are UTF-8 (IA5 where the standard says so). */
struct seal_facts {
    enum seal_version version;
    const char *vendor; /* header.Vid */
    const char *id; /* esID */
    const char *name;
    int64_t type; /* opaque: 1 unit, 2 personal, others occur */
    int64_t created_utc;
    int64_t valid_from_utc;
    int64_t valid_until_utc;
    enum seal_list list;
    size_t holder_count;
    const struct span *holders; /* DER certificates, or digests */
    const char *const *holder_digests; /* SEAL_LIST_DIGESTS: algorithm of each ("SM3"); else NULL */
    const char *picture_type; /* "PNG" */
    struct span picture;
    int64_t picture_width_mm;
    int64_t picture_height_mm;
    struct span maker_cert; /* DER */
    struct span der; /* of the whole seal */
    struct span algorithm; /* of the maker's signature: content of the OID */
    size_t extension_count;
    const struct seal_extension *extensions;
    struct span time_stamp; /* V5: opaque and covered by no signature; empty when absent */
};

/* Reads it strictly: DER only, nothing behind the end, lengths, versions, time types, list type. Tolerant
 * exactly where real seals are: FALSE encoded explicitly, extension data untagged or [0].
 * Control characters in a text are refused: a person reads them on a terminal.
 * ERR_SEAL_FORMAT, ERR_SEAL_VERSION; the detail names the standard's type and field. */
MUST_CHECK enum err_code seal_parse(struct span der, struct seal **out, struct err *err);
void seal_free(struct seal *seal);
void seal_freep(struct seal **seal);
const struct seal_facts *seal_peek(const struct seal *seal);

/* The extended key usage of seal makers' certificates: a holder's certificate of the same CA may sign, but
 * must not pass for a maker's. An arc that needs no registration (X.667); docs/adr/0006. */
#define SEAL_MAKER_PURPOSE "2.25.4759565198032083598707045225663899684"
/* Whether the certificate has it. */
bool seal_maker_marked(const struct cert *cert);

/* What is to be checked. */
struct seal_check {
    const struct chain_roots *roots; /* of the maker's certificate */
    /* The roots have others than makers below them: the maker's certificate must be marked. */
    bool marked_maker;
    const struct span *intermediates; /* DER CA certificates that may be needed */
    size_t intermediate_count;
    const struct cert *signer; /* must be in the list; NULL: not asked */
    int64_t now_utc;
};

/* In the order of GB/T 38540-2020, seal verification: format · maker's certificate (chain, key usage, its mark
 * where that is asked, valid when the seal was made and now) · signature · validity · the signer is in the list. Each refusal names its
 * step: ERR_SEAL_FORMAT (a critical extension, of which none is known here), ERR_SEAL_MAKER,
 * ERR_SEAL_SIGNATURE, ERR_SEAL_TIME, ERR_SEAL_HOLDER. */
MUST_CHECK enum err_code seal_verify(const struct seal *seal, const struct seal_check *check,
                                     struct err *err);
/* Whether this certificate is in the list: byte-equal, or its digest is. A digest whose algorithm has a
 * name of the maker's own is taken for SM3. */
bool seal_binds(const struct seal *seal, const struct cert *cert);

/* Whether next is present extended: same id, name, type and picture to the byte, ends later, and is of no older
 * standard; a maker may move on to a newer one.
 * ERR_SEAL_IDENTITY, ERR_SEAL_PICTURE, ERR_SEAL_END. */
MUST_CHECK enum err_code seal_check_extension(const struct seal *present, const struct seal *next,
                                              struct err *err);

/* For a seal maker. All texts and bytes are borrowed. V5 is read only. */
struct seal_wish {
    enum seal_version version; /* SEAL_V1 or SEAL_V4 */
    const char *vendor;
    const char *id;
    const char *name;
    int64_t type;
    int64_t created_utc;
    int64_t valid_from_utc;
    int64_t valid_until_utc;
    enum seal_list list; /* SEAL_V1: certificates */
    size_t holder_count;
    const struct span *holders; /* DER certificates; digests are made here (SM3) */
    const char *picture_type;
    struct span picture;
    int64_t picture_width_mm;
    int64_t picture_height_mm;
    struct span maker_cert; /* DER */
};
/* ERR_FIELD_VALUE for what the version can't say, ERR_SEAL_TOO_LARGE, and what the signer says. */
MUST_CHECK enum err_code seal_make(const struct seal_wish *wish, const struct signer *maker,
                                   struct bytes **out, struct err *err);
