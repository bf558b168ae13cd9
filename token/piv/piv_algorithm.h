/* Algorithms by their numbers, and public keys as the card gives them.
 * Source: SP 800-78-4 table 6-2; SP 800-73-4 Part 2 table 11 (public key data objects). */
#pragma once

#include "token/piv/piv.h"

#define PIV_3DES 0x03
#define PIV_AES128 0x08
#define PIV_AES192 0x0A
#define PIV_AES256 0x0C

/* The number of an algorithm for key pairs; 0: the standard has none. */
uint8_t piv_algorithm_number(enum token_algorithm algorithm);
/* "3des", "aes128", "aes192", "aes256"; NULL: no algorithm for the administrator's log-in. */
const char *piv_algorithm_admin_name(uint8_t number);
size_t piv_algorithm_admin_block_bytes(uint8_t number);

/* The public key in a list of data objects: 86 point, or 81 modulus and 82 exponent. number: of its
 * algorithm, 0: by the lengths. False when it is none of those that we serve. */
bool piv_algorithm_public_key(uint8_t number, struct span list, struct token_public_key *out);
/* From an uncompressed point and from a modulus and an exponent (big-endian, zeros before them allowed). */
bool piv_algorithm_point(enum token_algorithm algorithm, struct span point,
                         struct token_public_key *out);
bool piv_algorithm_rsa(struct span modulus, struct span exponent, struct token_public_key *out);
bool piv_algorithm_same_key(const struct token_public_key *a, const struct token_public_key *b);
