/* The platform, as operations see it. A table, so that tests can stand in for the network.
 *
 * Each call blocks its thread until the answer, the deadline or the cancellation. Calls are safe to
 * repeat: the platform answers the same request with the same answer (docs/protocol/platform.md). */
#pragma once

#include "base/cancel.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"

#define REMOTE_TICKET_BYTES_MAX 256
#define REMOTE_TEXT_BYTES_MAX 256
#define REMOTE_CHALLENGE_BYTES_MAX 64
#define REMOTE_CHALLENGE_BYTES_MIN 16
#define REMOTE_CERT_BYTES_MAX 8192
#define REMOTE_CHAIN_MAX 8
#define REMOTE_ENVELOPE_BYTES_MAX 1024
#define REMOTE_SEAL_BYTES_MAX 65535
/* What unblocks a key: one block of a short cipher at least; an enciphered PIN and its MAC, with room. */
#define REMOTE_BLOB_BYTES_MIN 8
#define REMOTE_BLOB_BYTES_MAX 64

/* How to get to a platform: everything is owned by the struct. */
struct remote_way {
    char *proxy; /* as libcurl takes it; NULL: from the environment; "": none */
    char *
        no_proxy; /* hosts that are reached without it, with commas between; NULL: from the environment */
    struct secret *login; /* of the proxy: "user:password" and a zero byte; NULL: none */
};
void remote_way_done(struct remote_way *way);

/* What a platform is to us: from the configuration, chosen by the page's origin. */
struct remote_platform {
    const char *name; /* for people */
    const char *base_url; /* "https://host[:port]/agent/v1" */
    const char *ca_file; /* PEM that its TLS certificate must chain to, NULL: the system's */
    const char *proxy; /* NULL: from the environment; "": none */
    /* Finds the way before each attempt, in place of proxy; NULL: proxy says it. May block for some seconds.
     * ERR_PLATFORM_PROXY. */
    enum err_code (*find_way)(void *context, const char *proxy, struct remote_way *out,
                              struct err *err);
    void *way_context;
};

struct remote_redeem {
    const char *ticket;
    const char *serial; /* of the key */
    const char *model;
    size_t cert_count;
    const struct span *certs; /* DER: the current ones of the key */
};

/* A job: everything is owned by the struct. */
struct remote_job {
    char *id;
    char *secret; /* bearer secret of this job alone: journaled, never shown */
    char *kind; /* "renew", "extend-seal", "reset-pin", "check" */
    struct bytes *challenge;
    int64_t expires_utc;
    char *order; /* number, for people */
    char *holder; /* 单位名称 */
    char *serial; /* of the key that the order is for */
    bool approved;
    char *seal; /* extend-seal: esID of the one that is meant; NULL: the key's only one */
    /* The rest for check and renew only: false, NULL and 0 for other kinds. */
    bool replace_key; /* policy: new key pair in a new container */
    char *algorithm; /* "sm2", "rsa2048", "p256", "p384" */
    bool dual; /* signing and encryption certificate */
    int64_t not_after_utc; /* the least end that the new certificate will have */
};
void remote_job_free(struct remote_job *job);
void remote_job_freep(struct remote_job **job);

/* What the platform issued: everything is owned by the struct. */
struct remote_issued {
    struct bytes *sign_cert;
    struct bytes *encrypt_cert; /* NULL: a single certificate */
    struct bytes *envelope; /* DER SM2EnvelopedKey; NULL when the encryption key is kept */
    size_t chain_count;
    struct bytes *chain[REMOTE_CHAIN_MAX]; /* issuing CAs, without the root */
};
void remote_issued_free(struct remote_issued *issued);
void remote_issued_freep(struct remote_issued **issued);

/* A seal that the platform made: everything is owned by the struct. */
struct remote_new_seal {
    struct bytes *seal; /* DER */
    size_t chain_count;
    struct bytes *chain[REMOTE_CHAIN_MAX]; /* the maker's CAs, without the root */
};
void remote_new_seal_free(struct remote_new_seal *seal);
void remote_new_seal_freep(struct remote_new_seal **seal);

struct remote_request {
    struct span csr;
    struct span proof; /* by the key's present signing key */
    /* Why the present key is kept though the order wants a new one: "key-cannot-replace"; NULL: it is not. */
    const char *kept;
};

struct remote_seal_request {
    struct span seal; /* DER, the present one */
    struct span proof; /* by the key's signing key */
};

enum remote_unblock_purpose {
    REMOTE_UNBLOCK_LOGIN, /* the administrator of a GM/T key, before its PIN is unblocked */
    REMOTE_UNBLOCK_PIN, /* what unblocks the PIN */
    /* The management key of a PIV token, before it is written to: in renew and extend-seal jobs. */
    REMOTE_UNBLOCK_MANAGE,
};

struct remote_unblock_request {
    enum remote_unblock_purpose purpose;
    struct span
        challenge; /* fresh from the key; empty where the key's kind has none for this purpose */
    struct span application; /* its 2-byte id; empty for PIV */
    const char *profile;
    /* REMOTE_UNBLOCK_MANAGE: "3des", "aes128", "aes192", "aes256"; NULL: of no meaning */
    const char *algorithm;
    int administrator_tries; /* left, as the key says; -1: it can't be asked */
    bool refused; /* the key took this job's last answer for wrong: another one is asked for */
};

struct remote_confirmation {
    const char *outcome; /* "written" or "failed" */
    struct span digest; /* SHA-256 over what was written, see certs/proof.h */
    struct span proof; /* by the key's new signing key; empty for reset-pin, which has none */
};

struct remote_call {
    const struct remote_platform *platform;
    const struct cancel *cancel; /* NULL: can't be cancelled */
    struct deadline deadline;
    int *
        retry_after_s; /* written on failure: when the platform wants to be asked again; NULL: never mind */
};

/* Errors: ERR_PLATFORM_* and what the platform's problem answer names (ERR_TICKET_*, ERR_ORDER_*,
 * ERR_JOB_*, ERR_PROOF, ...), ERR_CANCELLED. *out_retry_s is written with ERR_PLATFORM_PENDING. */
struct remote {
    const struct remote_class *class;
};

struct remote_class {
    enum err_code (*redeem)(struct remote *remote, const struct remote_call *call,
                            const struct remote_redeem *redeem, struct remote_job **out,
                            struct err *err);
    enum err_code (*request)(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job, const struct remote_request *request,
                             struct remote_issued **out, int *out_retry_s, struct err *err);
    enum err_code (*confirm)(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job,
                             const struct remote_confirmation *confirmation, struct err *err);
    enum err_code (*seal)(struct remote *remote, const struct remote_call *call,
                          const struct remote_job *job, const struct remote_seal_request *request,
                          struct remote_new_seal **out, struct err *err);
    /* Never repeated by itself: each answer is for one challenge and counts. *out: REMOTE_BLOB_BYTES_MIN to
     * REMOTE_BLOB_BYTES_MAX bytes; a secret, since that for a PIV token holds its PUK. */
    enum err_code (*unblock)(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job,
                             const struct remote_unblock_request *request, struct secret **out,
                             struct err *err);
};

/* The real one, on libcurl. Thread-safe: each call has its own transfer. */
MUST_CHECK enum err_code remote_http_new(struct remote **out, struct err *err);
void remote_http_free(struct remote *remote);
