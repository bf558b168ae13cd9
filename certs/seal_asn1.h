/* The template of an electronic seal: which bytes are which, with every type and limit checked. For this
 * folder. Source: GM/T 0031-2014, GB/T 38540-2020, GM/T 0031-2025, the ASN.1 of SESeal. */
#pragma once

#include "certs/seal.h"

/* Everything is borrowed from the bytes that were read. */
struct seal_parts {
    struct span info; /* eSealInfo with tag and length */
    size_t part_count; /* of SESeal */

    enum seal_version version;
    struct span vendor, id, name;
    int64_t type;
    enum seal_list list;
    size_t holder_count;
    struct span holders[SEAL_HOLDERS_MAX];
    struct span holder_digests[SEAL_HOLDERS_MAX];
    int64_t created_utc, valid_from_utc, valid_until_utc;
    struct span picture_type, picture;
    int64_t picture_width_mm, picture_height_mm;
    size_t extension_count;
    struct seal_extension extensions[SEAL_EXTENSIONS_MAX];

    struct span maker_cert, maker_whole; /* content of the OCTET STRING; with tag and length */
    struct span algorithm, algorithm_whole; /* content of the OID; with tag and length */
    struct span signature;
    struct span time_stamp;
};

/* A whole seal. ERR_SEAL_FORMAT, ERR_SEAL_VERSION. */
MUST_CHECK enum err_code seal_asn1_read(struct span der, struct seal_parts *out, struct err *err);
/* eSealInfo alone, with tag and length: fills *parts up to the extensions. */
MUST_CHECK enum err_code seal_asn1_read_info(struct span info, struct seal_parts *parts,
                                             struct err *err);

/* The bytes that the maker signs: V1 the DER SEQUENCE of eSealInfo, cert and algorithm; V4 and V5
 * eSealInfo alone. Needs info, version, maker_whole and algorithm_whole. The caller frees. NULL when they
 * are more than a seal can hold, which those of a seal that was read never are. */
struct bytes *seal_asn1_signed_bytes(const struct seal_parts *parts);
/* The OID, with tag and length, that goes with a maker's key of this kind. */
struct span seal_asn1_algorithm(enum cert_algorithm algorithm);
