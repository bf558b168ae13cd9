#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "authority.h"
#include "base/file.h"
#include "base/json.h"
#include "bench.h"
#include "token/virtual/sim_commands.h"
#include "token/virtual/virtual_state.h"

#define TEXT "a bid that was sealed before the renewal"

/* Standard input and output go to files while a command runs. */
struct redirection {
    int old_in, old_out;
    FILE *in, *out;
};

static void redirect(struct redirection *to, struct span input)
{
    to->in = tmpfile();
    to->out = tmpfile();
    if (input.len > 0)
        assert_int_equal(fwrite(input.at, 1, input.len, to->in), input.len);
    rewind(to->in);
    fflush(stdout);
    to->old_in = dup(STDIN_FILENO);
    to->old_out = dup(STDOUT_FILENO);
    dup2(fileno(to->in), STDIN_FILENO);
    dup2(fileno(to->out), STDOUT_FILENO);
}

static struct bytes *restore(struct redirection *from)
{
    char text[65536];
    fflush(stdout);
    dup2(from->old_in, STDIN_FILENO);
    dup2(from->old_out, STDOUT_FILENO);
    close(from->old_in);
    close(from->old_out);
    rewind(from->out);
    size_t len = fread(text, 1, sizeof text, from->out);
    fclose(from->in);
    fclose(from->out);
    return bytes_new(span_of(text, len));
}

static void make_key(struct authority *authority)
{
    struct err err = ERR_INIT;
    struct redirection redirection;
    const char *words[] = {"--state",      authority->state,  "--serial",
                           "S1",           "--issuer-cert",   authority->sm2_cert,
                           "--issuer-key", authority->sm2_key};
    redirect(&redirection, span_text(""));
    assert_int_equal(sim_create(words, ARRAY_SIZE(words), &err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *output = restore(&redirection);
    assert_string_equal((const char *)output->at, "S1\n");
}

static void shows_a_key_as_json(void **state)
{
    (void)state;
    struct authority authority;
    struct err err = ERR_INIT;
    struct redirection redirection;
    authority_init(&authority);
    make_key(&authority);
    const char *words[] = {"--state", authority.state};
    redirect(&redirection, span_text(""));
    enum err_code code = sim_show(words, 2, &err);
    AUTO(bytes_freep) struct bytes *output = restore(&redirection);
    assert_int_equal(code, ERR_NONE);
    assert_non_null(strstr((const char *)output->at, "\"S1\""));
    assert_non_null(strstr((const char *)output->at, "BEGIN CERTIFICATE"));
    assert_int_equal(sim_show(words, 1, &err), ERR_USAGE);
    words[1] = authority.sm2_cert;
    assert_int_equal(sim_show(words, 2, &err), ERR_JSON_SYNTAX);
    authority_done(&authority);
}

/* Encrypts TEXT to the encryption certificate, whose file it writes. */
static struct bytes *encrypt_to(const struct authority *authority, const char *cert_path)
{
    struct err err = ERR_INIT;
    AUTO(virtual_objects_freep) struct virtual_objects *objects = NULL;
    assert_int_equal(virtual_state_load(authority->state, &objects, &err), ERR_NONE);
    const struct bytes *der =
        objects->applications[0]->containers[0]->slots[VIRTUAL_SLOT_ENCRYPT].certificate;
    assert_int_equal(file_write_atomic(cert_path, span_bytes(der), 0600, &err), ERR_NONE);
    const unsigned char *at = der->at;
    X509 *certificate = d2i_X509(NULL, &at, (long)der->len);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(X509_get0_pubkey(certificate), NULL);
    uint8_t out[512];
    size_t len = sizeof out;
    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_encrypt(context, out, &len, (const uint8_t *)TEXT, strlen(TEXT)), 1);
    EVP_PKEY_CTX_free(context);
    X509_free(certificate);
    return bytes_new(span_of(out, len));
}

static enum err_code decrypt(const struct authority *authority, char *cert_path,
                             struct span ciphertext, struct bytes **out)
{
    struct err err = ERR_INIT;
    struct redirection redirection;
    char state[96];
    snprintf(state, sizeof state, "%s", authority->state);
    const char *words[] = {"--state", state, "--cert", cert_path};
    redirect(&redirection, ciphertext);
    enum err_code code = sim_decrypt(words, ARRAY_SIZE(words), &err);
    *out = restore(&redirection);
    return code;
}

static void decrypts_with_the_key_of_a_certificate(void **state)
{
    (void)state;
    struct authority authority;
    authority_init(&authority);
    make_key(&authority);
    char cert[128];
    snprintf(cert, sizeof cert, "%s/encrypt.der", authority.folder);
    AUTO(bytes_freep) struct bytes *ciphertext = encrypt_to(&authority, cert);
    struct bytes *plain = NULL;
    assert_int_equal(decrypt(&authority, cert, span_bytes(ciphertext), &plain), ERR_NONE);
    assert_string_equal((const char *)plain->at, TEXT);
    bytes_freep(&plain);
    assert_int_equal(decrypt(&authority, authority.sm2_cert, span_bytes(ciphertext), &plain),
                     ERR_TOKEN_NO_KEY);
    assert_int_equal(plain->len, 0);
    bytes_freep(&plain);
    ciphertext->at[ciphertext->len - 1] ^= 1;
    assert_int_equal(decrypt(&authority, cert, span_bytes(ciphertext), &plain), ERR_CRYPTO);
    bytes_freep(&plain);
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(64 * 1024 + 1);
    assert_int_equal(decrypt(&authority, cert, span_bytes(large), &plain), ERR_FILE);
    bytes_freep(&plain);
    unlink(cert);
    authority_done(&authority);
}

/* What anybody's openssl makes of a text for this certificate. */
static struct bytes *envelop_to(const struct bytes *pem)
{
    unsigned char *der = NULL;
    BIO *in = BIO_new_mem_buf(pem->at, (int)pem->len);
    BIO *text = BIO_new_mem_buf(TEXT, -1);
    STACK_OF(X509) *recipients = sk_X509_new_null();
    X509 *certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
    assert_non_null(certificate);
    sk_X509_push(recipients, certificate);
    CMS_ContentInfo *enveloped = CMS_encrypt(recipients, text, EVP_aes_128_cbc(), CMS_BINARY);
    int length = i2d_CMS_ContentInfo(enveloped, &der);
    assert_true(length > 0);
    struct bytes *out = bytes_new(span_of(der, (size_t)length));
    OPENSSL_free(der);
    CMS_ContentInfo_free(enveloped);
    sk_X509_pop_free(recipients, X509_free);
    BIO_free(text);
    BIO_free(in);
    return out;
}

/* The certificate that show prints of the only slot. */
static struct bytes *shown_certificate(const struct authority *authority)
{
    struct err err = ERR_INIT;
    struct redirection redirection;
    AUTO(json_freep) struct json *shown = NULL;
    const char *words[] = {"--state", authority->state};
    redirect(&redirection, SPAN_NONE);
    enum err_code code = sim_show(words, 2, &err);
    AUTO(bytes_freep) struct bytes *output = restore(&redirection);
    assert_int_equal(code, ERR_NONE);
    assert_int_equal(json_parse(span_bytes(output), 65536, &shown, &err), ERR_NONE);
    const struct json *container = json_item(json_member(shown, "containers"), 0);
    return bytes_new(span_text(json_text_of(json_member(container, "sign_cert"))));
}

static void shows_and_decrypts_of_a_piv_token(void **state)
{
    (void)state;
    struct authority authority;
    struct err err = ERR_INIT;
    struct redirection redirection;
    char cert[128];
    authority_init(&authority);
    const char *words[] = {
        "--family", "piv",           "--state",          authority.state, "--serial",
        "7",        "--issuer-cert", authority.rsa_cert, "--issuer-key",  authority.rsa_key};
    redirect(&redirection, SPAN_NONE);
    assert_int_equal(sim_create(words, ARRAY_SIZE(words), &err), ERR_NONE);
    bytes_free(restore(&redirection));
    AUTO(bytes_freep) struct bytes *pem = shown_certificate(&authority);
    AUTO(bytes_freep) struct bytes *enveloped = envelop_to(pem);
    AUTO(bytes_freep) struct bytes *plain = NULL;
    snprintf(cert, sizeof cert, "%s/cert.pem", authority.folder);
    assert_int_equal(file_write_atomic(cert, span_bytes(pem), 0600, &err), ERR_NONE);
    assert_int_equal(decrypt(&authority, cert, span_bytes(enveloped), &plain), ERR_NONE);
    assert_string_equal((const char *)plain->at, TEXT);
    unlink(cert);
    authority_done(&authority);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_a_key_as_json),
        cmocka_unit_test(decrypts_with_the_key_of_a_certificate),
        cmocka_unit_test(shows_and_decrypts_of_a_piv_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
