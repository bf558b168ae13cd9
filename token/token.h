/* A plugged-in key, as operations see it: what it holds and what it can do, whatever its family.
 *
 * A token belongs to one thread at a time. Every call talks to the key at once; none repeats a
 * command, and none spends a PIN try but token_login, token_change_pin, token_admin_login and
 * token_unblock. Errors of the line (ERR_TOKEN_REMOVED, _RESET, _HUNG, _TRANSPORT,
 * ERR_PCSC_NO_SERVICE) can come from any call; after one of them the log-in is gone and what the last
 * command did is not known: read before going on. Refusals of the key come as ERR_TOKEN_*, with the
 * status word in err->foreign. */
#pragma once

#include "base/clock.h"
#include "base/secret.h"
#include "base/span.h"

#define TOKEN_TEXT_BYTES_MAX 64 /* manufacturer and issuer: GM/T 0017 GetDevInfo */
#define TOKEN_NAME_BYTES_MAX 64 /* container and file names: GM/T 0016 MAX_CONTAINER_NAME */
#define TOKEN_CERT_BYTES_MAX 8192 /* real ones have 600 to 2,000 bytes */
#define TOKEN_FILE_BYTES_MAX 65535 /* offsets are 16 bits wide: GM/T 0017 WriteFile */
#define TOKEN_PAIRS_MAX 64 /* GM3000's limit of containers */
#define TOKEN_FILES_MAX 64
#define TOKEN_CHALLENGE_BYTES_MAX 16 /* a block of AES: SP 800-73-4 Part 2 3.2.4 */
#define TOKEN_POINT_BYTES_MAX 48 /* P-384 */

enum token_algorithm { TOKEN_ALGORITHM_NONE, TOKEN_SM2, TOKEN_RSA2048, TOKEN_P256, TOKEN_P384 };
enum token_slot { TOKEN_SIGN, TOKEN_ENCRYPT };
enum token_role { TOKEN_USER, TOKEN_ADMINISTRATOR };
enum token_purpose { TOKEN_PURPOSE_LOGIN, TOKEN_PURPOSE_UNBLOCK };

/* How many bytes a coordinate of a point has; 0: the algorithm has none. */
size_t token_point_bytes(enum token_algorithm algorithm);

/* What is known since the key was opened; constant for the token's life. */
struct token_facts {
    char serial[TOKEN_TEXT_BYTES_MAX + 1];
    char label[TOKEN_TEXT_BYTES_MAX + 1];
    char manufacturer[TOKEN_TEXT_BYTES_MAX + 1];
    char model[TOKEN_TEXT_BYTES_MAX + 1]; /* of the profile, for people */
    char profile[TOKEN_TEXT_BYTES_MAX + 1]; /* the platform computes unblock blobs for it */
    char application[TOKEN_TEXT_BYTES_MAX + 1];
    uint8_t application_id[2]; /* part of what an unblock blob authenticates */
    const char *driver; /* static: "gmt0017", "piv" */
    /* Static: the cipher of the administrator's log-in where the platform must know it ("3des", "aes128",
     * "aes192", "aes256"), else "". Known from the first challenge for such a log-in on. */
    const char *admin_algorithm;
    size_t pairs_max;
    size_t free_bytes; /* when the key was opened; SIZE_MAX: not known */
    size_t pin_bytes_min;
    size_t pin_bytes_max;
    size_t file_bytes_max; /* of one file; 0: not known, or as many as there are free */
    int admin_tries_stop; /* with so many administrator tries left or fewer nothing is tried */
    bool unblock_needs_admin_login;
    bool
        writes_need_admin_login; /* what changes keys, certificates and files; not the PIN's change */
};

struct token_pin_state {
    int tries_max; /* -1: the key does not say */
    int tries_left; /* -1: the key does not say */
    bool is_default; /* the key says that the PIN is still the initial one */
};

/* A public key as the key gives it. */
struct token_public_key {
    enum token_algorithm algorithm;
    uint8_t x[TOKEN_POINT_BYTES_MAX], y[TOKEN_POINT_BYTES_MAX]; /* the first token_point_bytes() */
    uint8_t modulus[256]; /* RSA, big-endian */
    uint32_t exponent; /* RSA */
};

/* A container: a signing and an encryption pair with their certificates. */
struct token_pair {
    char name[TOKEN_NAME_BYTES_MAX + 1];
    enum token_algorithm algorithm; /* TOKEN_ALGORITHM_NONE: the container is empty */
    bool has_sign_key;
    bool has_encrypt_key;
    struct bytes *sign_cert; /* DER, NULL when there is none */
    struct bytes *encrypt_cert; /* DER, NULL when there is none */
};

struct token_pairs {
    size_t count;
    struct token_pair pairs[];
};

/* An encryption key pair, enveloped to the signing key of the container that it goes into.
 * Source: GM/T 0009 7.4 (SM2EnvelopedKey), GM/T 0017 ImportECCKeyPair. */
struct token_envelope {
    uint32_t cipher_id; /* 0x401: SM4-ECB */
    uint8_t c1_x[32], c1_y[32]; /* SM2 ciphertext of the 16-byte symmetric key: C1, C3, C2 */
    uint8_t c3[32];
    uint8_t c2[16];
    uint8_t public_x[32], public_y[32];
    uint8_t encrypted_private[32];
};

struct token_file {
    char name[TOKEN_NAME_BYTES_MAX + 1];
    size_t size_bytes;
};

struct token_files {
    size_t count;
    struct token_file files[];
};

struct token;

void token_close(struct token *token);
void token_closep(struct token **token);
const struct token_facts *token_peek_facts(const struct token *token);

/* By when every following call must be over; ERR_TOKEN_HUNG after it. Default: never. */
void token_set_deadline(struct token *token, struct deadline deadline);

/* Keeps other programs off the key until token_end; short, never across a dialog or a platform call. */
MUST_CHECK enum err_code token_begin(struct token *token, struct err *err);
void token_end(struct token *token);

/* How much it was used since it was opened: for ./dev bench. */
struct token_usage {
    unsigned commands;
    int64_t time_us; /* inside transmit */
};
struct token_usage token_usage(const struct token *token);

/* Reading: needs no log-in. */
MUST_CHECK enum err_code token_read_pairs(struct token *token, struct token_pairs **out,
                                          struct err *err);
void token_pairs_free(struct token_pairs *pairs);
void token_pairs_freep(struct token_pairs **pairs);
/* ERR_TOKEN_NO_CERTIFICATE, ERR_TOKEN_NO_CONTAINER. */
MUST_CHECK enum err_code token_read_cert(struct token *token, const char *pair,
                                         enum token_slot slot, struct bytes **out, struct err *err);
/* ERR_TOKEN_NO_KEY. */
MUST_CHECK enum err_code token_read_public_key(struct token *token, const char *pair,
                                               enum token_slot slot, struct token_public_key *out,
                                               struct err *err);
MUST_CHECK enum err_code token_read_pin_state(struct token *token, enum token_role role,
                                              struct token_pin_state *out, struct err *err);
/* The serial is read again: the same key, and the line is in step (one fresh random number is
 * compared with itself nowhere: a length is). ERR_WRONG_TOKEN when another key was put in. */
MUST_CHECK enum err_code token_check_same(struct token *token, struct err *err);

/* Log-in as the user. Costs a try when the PIN is wrong: ERR_PIN_WRONG with err->tries_left,
 * ERR_PIN_LOCKED. A PIN outside the length limits is refused unsent (ERR_PIN_WRONG, tries_left -1). */
MUST_CHECK enum err_code token_login(struct token *token, const struct secret *pin,
                                     struct err *err);
/* Ends the log-in; failures don't matter to the caller. */
void token_logout(struct token *token);

/* Signs with the pair's signing key. SM2: input is e (32 bytes), output r || s (64 bytes). P-256 and
 * P-384: input is a digest of 32 or 48 bytes, output r || s (64 or 96 bytes). RSA: input is a DigestInfo,
 * output the 256-byte signature (PKCS#1 v1.5). ERR_TOKEN_LOGIN_LOST without log-in. */
MUST_CHECK enum err_code token_sign(struct token *token, const char *pair, struct span input,
                                    struct bytes **out, struct err *err);

/* Changing: needs the log-in, the administrator's where facts->writes_need_admin_login. */

/* A new container with a new signing key. ERR_TOKEN_EXISTS when the name is taken: an existing key is
 * never overwritten. ERR_TOKEN_CANNOT_REPLACE when the key has no place for a second signing key;
 * nothing is changed then. */
MUST_CHECK enum err_code token_create_pair(struct token *token, const char *pair,
                                           enum token_algorithm algorithm,
                                           struct token_public_key *out, struct err *err);
/* Refused with ERR_TOKEN_EXISTS when the container has an encryption key. */
MUST_CHECK enum err_code token_import_encryption_key(struct token *token, const char *pair,
                                                     const struct token_envelope *envelope,
                                                     struct err *err);
/* Replaces the certificate. ERR_TOKEN_NO_KEY when the key pair is missing. */
MUST_CHECK enum err_code token_write_cert(struct token *token, const char *pair,
                                          enum token_slot slot, struct span der, struct err *err);
/* Removes the container and the keys in it. */
MUST_CHECK enum err_code token_delete_pair(struct token *token, const char *pair, struct err *err);
/* Puts the pair where other programs look for the key in use, where the key has such a place; else
 * nothing is done. May be repeated after any interruption. The pair's name may be another afterwards. */
MUST_CHECK enum err_code token_make_current(struct token *token, const char *pair, struct err *err);

/* Files of the application. Reading needs no log-in where the file's rights say so. */
MUST_CHECK enum err_code token_list_files(struct token *token, struct token_files **out,
                                          struct err *err);
void token_files_freep(struct token_files **files);
MUST_CHECK enum err_code token_read_file(struct token *token, const char *name, struct bytes **out,
                                         struct err *err);
/* The same of a file whose size in bytes is known already: the key is not asked for it once more.
 * ERR_TOKEN_ANSWER when the key gives fewer. */
MUST_CHECK enum err_code token_read_file_of(struct token *token, const char *name, size_t size,
                                            struct bytes **out, struct err *err);
/* A new file, readable by anyone, writable by the user. ERR_TOKEN_EXISTS, ERR_TOKEN_NO_SPACE. */
MUST_CHECK enum err_code token_write_file(struct token *token, const char *name,
                                          struct span content, struct err *err);
MUST_CHECK enum err_code token_delete_file(struct token *token, const char *name, struct err *err);

/* PIN work. The challenge lives only until the next command in the worst case: nothing may come
 * between token_challenge and the call that uses it. */
MUST_CHECK enum err_code token_change_pin(struct token *token, const struct secret *old_pin,
                                          const struct secret *new_pin, struct err *err);
struct token_challenge {
    size_t len; /* 0: the purpose needs none */
    uint8_t bytes[TOKEN_CHALLENGE_BYTES_MAX];
};
MUST_CHECK enum err_code token_challenge(struct token *token, enum token_purpose purpose,
                                         struct token_challenge *out, struct err *err);
/* cryptogram: made by the platform for the challenge. A wrong one costs an administrator try. */
MUST_CHECK enum err_code token_admin_login(struct token *token, struct span cryptogram,
                                           struct err *err);
/* blob: new PIN enciphered and authenticated by the platform for the challenge; for "piv" a secret:
 * present PUK, next PUK, new PIN, 8 bytes each. ERR_PIN_WRONG with err->tries_left when the key refuses
 * what stands for the administrator's PIN in it. */
MUST_CHECK enum err_code token_unblock(struct token *token, struct span blob, struct err *err);
