#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "certs/ossl.h"
#include "portal/portal_ca_private.h"

#define DAY_S 86400
/* A root serves several issuing CAs in turn; the issuing CA must outlive what it signs by years. */
#define ROOT_DAYS (30 * 365)
#define ISSUING_DAYS (20 * 365)
#define PEM_BYTES_MAX 16384

static const struct portal_x509_extension root_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
};

static const struct portal_x509_extension issuing_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

struct level {
    X509 *certificate;
    EVP_PKEY *key;
};

static void level_done(struct level *level)
{
    X509_free(level->certificate);
    EVP_PKEY_free(level->key);
}

/* One CA; parent NULL: it signs itself. */
static enum err_code make_level(enum cert_algorithm algorithm, const char *organisation,
                                const char *common_name, const struct level *parent,
                                struct level *out, struct err *err)
{
    AUTO(ossl_name_freep) X509_NAME *subject = NULL;
    if (portal_x509_name(organisation, common_name, &subject, err) != ERR_NONE ||
        ca_signer_generate(algorithm, &out->key, err) != ERR_NONE)
        return err_add(err, "make \"%s\"", common_name);
    int64_t now = clock_now_utc();
    struct portal_x509_template template = {
        .subject = subject,
        .issuer = parent == NULL ? NULL : parent->certificate,
        .public_key = out->key,
        .not_before_utc = now - PORTAL_X509_CLOCK_SKEW_S,
        .not_after_utc = now + (int64_t)(parent == NULL ? ROOT_DAYS : ISSUING_DAYS) * DAY_S,
        .extensions = parent == NULL ? root_extensions : issuing_extensions,
        .extension_count =
            parent == NULL ? ARRAY_SIZE(root_extensions) : ARRAY_SIZE(issuing_extensions),
    };
    AUTO(ca_signer_freep)
    struct ca_signer *signer = ca_signer_from_key(parent == NULL ? out->key : parent->key);
    if (portal_x509_make(&template, &out->certificate, err) != ERR_NONE ||
        signer->class->sign_certificate(signer, out->certificate, err) != ERR_NONE)
        return err_add(err, "make \"%s\"", common_name);
    return ERR_NONE;
}

static enum err_code write_level(const char *folder, enum cert_algorithm algorithm,
                                 const char *name, const struct level *level, struct err *err)
{
    AUTO(memory_freep) char *cert_name = memory_printf("%s.pem", name);
    AUTO(memory_freep) char *key_name = memory_printf("%s.key", name);
    AUTO(memory_freep) char *cert_path = portal_ca_path(folder, algorithm, cert_name);
    AUTO(memory_freep) char *key_path = portal_ca_path(folder, algorithm, key_name);
    if (portal_x509_write_key(key_path, level->key, err) != ERR_NONE ||
        portal_x509_write(cert_path, level->certificate, err) != ERR_NONE)
        return err_add(err, "write the CA");
    return ERR_NONE;
}

/* Of the authorities up to this one: a root that is gone must not silently leave the file. */
static enum err_code write_roots(const char *folder, enum cert_algorithm last, struct err *err)
{
    AUTO(memory_freep) char *all = memory_text("");
    AUTO(memory_freep) char *roots_path = memory_printf("%s/ca/roots.pem", folder);
    for (enum cert_algorithm i = 0; i <= last; i++) {
        AUTO(memory_freep) char *path = portal_ca_path(folder, i, "root.pem");
        AUTO(bytes_freep) struct bytes *pem = NULL;
        if (file_read(path, PEM_BYTES_MAX, &pem, err) != ERR_NONE)
            return err->code;
        char *more = memory_printf("%s%s", all, (const char *)pem->at);
        free(all);
        all = more;
    }
    return file_write_atomic(roots_path, span_text(all), 0644, err);
}

/* The issuing CA's certificate is written last: once it is there everything else is. */
static enum err_code make_authority(const char *folder, const char *organisation,
                                    enum cert_algorithm algorithm, struct err *err)
{
    static const char *const names[PORTAL_CA_COUNT] = {
        [CERT_SM2] = "SM2", [CERT_RSA] = "RSA", [CERT_P256] = "P-256"};
    AUTO(memory_freep) char *root_name = memory_printf("%s Root CA", names[algorithm]);
    AUTO(memory_freep) char *issuing_name = memory_printf("%s Issuing CA", names[algorithm]);
    AUTO(level_done) struct level root = {0};
    AUTO(level_done) struct level issuing = {0};
    if (make_level(algorithm, organisation, root_name, NULL, &root, err) != ERR_NONE ||
        make_level(algorithm, organisation, issuing_name, &root, &issuing, err) != ERR_NONE ||
        write_level(folder, algorithm, "root", &root, err) != ERR_NONE ||
        write_roots(folder, algorithm, err) != ERR_NONE ||
        write_level(folder, algorithm, "issuing", &issuing, err) != ERR_NONE)
        return err->code;
    return ERR_NONE;
}

enum err_code portal_ca_make(const char *folder, const char *organisation, struct err *err)
{
    AUTO(memory_freep) char *ca_folder = file_join(folder, "ca");
    if (file_make_folder(ca_folder, 0700, err) != ERR_NONE)
        return err_add(err, "make the CAs");
    for (enum cert_algorithm i = 0; i < PORTAL_CA_COUNT; i++)
        if (make_authority(folder, organisation, i, err) != ERR_NONE)
            return err_add(err, "make the CAs");
    return ERR_NONE;
}

enum err_code portal_ca_make_missing(const char *folder, const char *organisation, bool *out_made,
                                     struct err *err)
{
    AUTO(memory_freep) char *path = portal_ca_path(folder, CERT_P256, "issuing.pem");
    bool there = access(path, F_OK) == 0;
    if (!there && make_authority(folder, organisation, CERT_P256, err) != ERR_NONE)
        return err_add(err, "make the P-256 CA");
    *out_made = !there;
    return ERR_NONE;
}
