#include "portal/portal_tls.h"

#include <arpa/inet.h>

#include "base/clock.h"
#include "base/file.h"
#include "certs/ossl.h"
#include "portal/portal_x509.h"

/* What browsers still take from a private CA. */
#define IDENTITY_DAYS 825
#define DAY_S 86400
#define HOST_BYTES_MAX 253 /* of a name. Source: RFC 1035 2.3.4 */

static const struct portal_x509_extension ca_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign"},
    {NID_subject_key_identifier, "hash"},
};

/* The host goes into OpenSSL's extension language: no comma, no colon but an IPv6 address's. */
static enum err_code check_host(const char *host, struct err *err)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
    uint8_t address[sizeof(struct in6_addr)];
    size_t length = strlen(host);
    bool name = length > 0 && length <= HOST_BYTES_MAX && strspn(host, allowed) == length;
    if (!name && inet_pton(AF_INET6, host, address) != 1)
        return err_set(err, ERR_FIELD_VALUE, "host: neither a name nor an address");
    return ERR_NONE;
}

static bool is_address(const char *host)
{
    uint8_t address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

struct identity {
    X509 *certificate;
    EVP_PKEY *key;
};

static void identity_done(struct identity *identity)
{
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
}

/* issuer NULL: signs itself. */
static enum err_code make_identity(const char *common_name,
                                   const struct portal_x509_extension *extensions, size_t count,
                                   const struct identity *issuer, struct identity *out,
                                   struct err *err)
{
    AUTO(ossl_name_freep) X509_NAME *subject = NULL;
    if (portal_x509_name("ukey-portal", common_name, &subject, err) != ERR_NONE)
        return err->code;
    out->key = EVP_EC_gen("P-256");
    if (out->key == NULL)
        return ossl_failed(err, ERR_CRYPTO, "make a TLS key");
    int64_t now = clock_now_utc();
    struct portal_x509_template template = {
        .subject = subject,
        .issuer = issuer == NULL ? NULL : issuer->certificate,
        .public_key = out->key,
        .not_before_utc = now - PORTAL_X509_CLOCK_SKEW_S,
        .not_after_utc = now + (int64_t)IDENTITY_DAYS * DAY_S,
        .extensions = extensions,
        .extension_count = count,
    };
    if (portal_x509_make(&template, &out->certificate, err) != ERR_NONE)
        return err->code;
    EVP_PKEY *signing_key = issuer == NULL ? out->key : issuer->key;
    if (X509_sign(out->certificate, signing_key, EVP_sha256()) <= 0)
        return ossl_failed(err, ERR_CRYPTO, "sign the TLS certificate");
    return ERR_NONE;
}

static enum err_code make_server(const char *host, const struct identity *ca, struct identity *out,
                                 struct err *err)
{
    AUTO(memory_freep)
    char *names = memory_printf("IP:127.0.0.1,IP:::1,DNS:localhost,%s:%s",
                                is_address(host) ? "IP" : "DNS", host);
    const struct portal_x509_extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {NID_subject_alt_name, names},
    };
    return make_identity("ukey-portal", extensions, ARRAY_SIZE(extensions), ca, out, err);
}

enum err_code portal_tls_make(const char *folder, const char *host, struct err *err)
{
    AUTO(memory_freep) char *tls_folder = file_join(folder, "tls");
    AUTO(memory_freep) char *ca_path = file_join(tls_folder, "ca.pem");
    AUTO(memory_freep) char *cert_path = file_join(tls_folder, "server.pem");
    AUTO(memory_freep) char *key_path = file_join(tls_folder, "server.key");
    AUTO(identity_done) struct identity ca = {0};
    AUTO(identity_done) struct identity server = {0};
    if (check_host(host, err) != ERR_NONE ||
        make_identity("ukey-portal TLS CA", ca_extensions, ARRAY_SIZE(ca_extensions), NULL, &ca,
                      err) != ERR_NONE ||
        make_server(host, &ca, &server, err) != ERR_NONE ||
        file_make_folder(tls_folder, 0700, err) != ERR_NONE ||
        portal_x509_write_key(key_path, server.key, err) != ERR_NONE ||
        portal_x509_write(cert_path, server.certificate, err) != ERR_NONE ||
        portal_x509_write(ca_path, ca.certificate, err) != ERR_NONE)
        return err_add(err, "make the TLS identity");
    return ERR_NONE;
}
