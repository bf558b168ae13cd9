#include "authority.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

static void sign(X509 *certificate, EVP_PKEY *key, const EVP_MD *digest, bool sm2)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL;
    assert_int_equal(EVP_DigestSignInit(context, &key_context, digest, NULL, key), 1);
    if (sm2)
        assert_int_equal(EVP_PKEY_CTX_set1_id(key_context, "1234567812345678", 16), 1);
    assert_true(X509_sign_ctx(certificate, context) > 0);
    EVP_MD_CTX_free(context);
}

static void write_certificate(const char *path, EVP_PKEY *key, bool sm2)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -400L * 24 * 3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3650L * 24 * 3600);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"Test CA", -1, -1,
                               0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *id = X509V3_EXT_conf_nid(NULL, &context, NID_subject_key_identifier, "hash");
    X509_add_ext(certificate, id, -1);
    X509_EXTENSION_free(id);
    sign(certificate, key, sm2 ? EVP_sm3() : EVP_sha256(), sm2);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    X509_free(certificate);
}

static void make(const char *cert_path, const char *key_path, bool sm2)
{
    EVP_PKEY *key = sm2 ? EVP_PKEY_Q_keygen(NULL, NULL, "SM2")
                        : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    assert_non_null(key);
    write_certificate(cert_path, key, sm2);
    FILE *file = fopen(key_path, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    EVP_PKEY_free(key);
}

static void name_file(const struct authority *authority, const char *name, char *out)
{
    assert_true(snprintf(out, 96, "%s/%s", authority->folder, name) < 96);
}

void authority_init(struct authority *authority)
{
    *authority = (struct authority){.folder = "/tmp/virtual-authority-XXXXXX"};
    assert_non_null(mkdtemp(authority->folder));
    name_file(authority, "sm2.pem", authority->sm2_cert);
    name_file(authority, "sm2.key", authority->sm2_key);
    name_file(authority, "rsa.pem", authority->rsa_cert);
    name_file(authority, "rsa.key", authority->rsa_key);
    name_file(authority, "key.json", authority->state);
    make(authority->sm2_cert, authority->sm2_key, true);
    make(authority->rsa_cert, authority->rsa_key, false);
}

void authority_done(struct authority *authority)
{
    unlink(authority->sm2_cert);
    unlink(authority->sm2_key);
    unlink(authority->rsa_cert);
    unlink(authority->rsa_key);
    unlink(authority->state);
    assert_int_equal(rmdir(authority->folder), 0);
}
