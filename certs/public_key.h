/* The public keys and signature algorithms that this project takes, and nothing else: SM2 on its named
 * curve with SM3 and the default identifier; RSA of 2048 to 4096 bits, PKCS#1 v1.5 with SHA-256; ECDSA on P-256
 * with SHA-256 and on P-384 with SHA-384. Points are uncompressed. */
#pragma once

#include "certs/ossl.h"
#include "certs/signer.h"

#define SM2_POINT_BYTES 64
#define PUBLIC_KEY_POINT_BYTES_MAX 96 /* X || Y of P-384 */
#define PUBLIC_KEY_DIGEST_BYTES_MAX 48 /* SHA-384 */
#define RSA_BITS_MIN 2048
/* Larger ones are in no certificate of such a key, and cost the verifier much time. */
#define RSA_BITS_MAX 4096

/* A key from its DER SubjectPublicKeyInfo; the caller frees it. Fails with ERR_CERT_ALGORITHM when it is
 * of another kind, size or curve, and ERR_CERT_PUBLIC_KEY when the point is not on the curve. */
MUST_CHECK enum err_code public_key_open(struct span spki, enum cert_algorithm *out_algorithm,
                                         EVP_PKEY **out, struct err *err);
/* X || Y of a SubjectPublicKeyInfo of SM2, borrowed; the empty span for anything else. */
struct span public_key_sm2_point(struct span spki);
/* An EVP_PKEY of the point X || Y of SM2. ERR_CERT_PUBLIC_KEY when it is not on the curve. */
MUST_CHECK enum err_code public_key_from_point(struct span point, EVP_PKEY **out, struct err *err);
/* X || Y, borrowed, of a SubjectPublicKeyInfo on the curve of this algorithm; the empty span for anything else. */
struct span public_key_point(enum cert_algorithm algorithm, struct span spki);
/* Bytes of X and of Y: 32, 48; 0 for RSA. */
size_t public_key_coordinate_bytes(enum cert_algorithm algorithm);
/* DER SubjectPublicKeyInfo of the point (x, y), each public_key_coordinate_bytes long. ERR_CERT_PUBLIC_KEY when it
 * is not on the curve. */
MUST_CHECK enum err_code public_key_of_point(enum cert_algorithm algorithm, const uint8_t *x,
                                             const uint8_t *y, struct bytes **out, struct err *err);
/* Whether OpenSSL's key is one for this algorithm. */
bool public_key_is(const EVP_PKEY *key, enum cert_algorithm algorithm);
/* OpenSSL's names of the kind of key and of the digest that signatures are made over. */
const char *public_key_type(enum cert_algorithm algorithm);
const char *public_key_digest(enum cert_algorithm algorithm);
/* ERR_SIGNATURE; also when the signature of a curve is not DER. */
MUST_CHECK enum err_code public_key_verify(EVP_PKEY *key, enum cert_algorithm algorithm,
                                           struct span message, struct span signature,
                                           struct err *err);

/* The DER AlgorithmIdentifier that goes with a signature by such a key. */
struct span public_key_signature_algorithm(enum cert_algorithm algorithm);
/* Which key a DER AlgorithmIdentifier of a signature calls for; false when it is none of ours.
 * Parameters may be absent or NULL: some SM2 CAs write NULL; those of ECDSA are absent. Source: RFC 4055 5;
 * GM/T 0015; RFC 5758 3.2. */
bool public_key_algorithm_of(struct span algorithm_identifier, enum cert_algorithm *out);
