#include "agent/ctl/ctl_cert.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/ctl/ctl_show.h"
#include "agent/ctl/ctl_text.h"
#include "base/file.h"
#include "base/hex.h"

/* A certificate in PEM with the text that openssl x509 -text puts before it. */
#define FILE_BYTES_MAX 65536
/* Three keys, each read in two seconds, and a reader that is slow to answer. */
#define TOKENS_SECONDS 40

/* ---- a file ---- */

static const char pem_begin[] = "-----BEGIN CERTIFICATE-----";
static const char pem_end[] = "-----END CERTIFICATE-----";

/* Base64 without its line ends and blanks; the caller frees. */
static char *without_space(struct span text)
{
    char *out = memory_new(text.len + 1);
    size_t length = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '\0' && strchr(" \t\r\n", text.at[i]) == NULL)
            out[length++] = (char)text.at[i];
    return out;
}

enum err_code ctl_cert_der_of(struct span file, struct bytes **out, struct err *err)
{
    const uint8_t *begin =
        file.len == 0 ? NULL : memmem(file.at, file.len, pem_begin, strlen(pem_begin));
    if (begin == NULL) {
        *out = bytes_new(file);
        return ERR_NONE;
    }
    begin += strlen(pem_begin);
    size_t left = file.len - (size_t)(begin - file.at);
    const uint8_t *end = memmem(begin, left, pem_end, strlen(pem_end));
    if (end == NULL)
        return err_set(err, ERR_DER, "the PEM has no end");
    AUTO(memory_freep) char *base64 = without_space(span_of(begin, (size_t)(end - begin)));
    if (base64_decode(base64, CERT_BYTES_MAX, out, err) != ERR_NONE)
        return err_add(err, "read the PEM");
    return ERR_NONE;
}

static const char *const usages[] = {
    [CERT_USAGE_SIGN] = "sign", [CERT_USAGE_ENCRYPT] = "encrypt", [CERT_USAGE_BOTH] = "both",
    [CERT_USAGE_CA] = "ca",     [CERT_USAGE_OTHER] = "other",
};

struct json *ctl_cert_json(const struct cert *cert)
{
    const struct cert_facts *facts = cert_peek(cert);
    AUTO(memory_freep) char *pem = cert_pem(cert);
    struct json *json = json_new_object();
    json_add_text(json, "usage", usages[facts->usage]);
    json_add_text(json, "subject", facts->subject);
    json_add_text(json, "common_name", facts->common_name);
    json_add_text(json, "organisation", facts->organisation);
    json_add_text(json, "serial", facts->serial);
    json_add_text(json, "issuer", facts->issuer);
    json_add_utc(json, "not_before", facts->not_before_utc);
    json_add_utc(json, "not_after", facts->not_after_utc);
    json_add_text(json, "algorithm", cert_algorithm_text(facts->algorithm));
    json_add_text(json, "sha256", facts->sha256);
    json_add_text(json, "pem", pem);
    return json;
}

static enum err_code read_file(const char *file, struct json **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(cert_freep) struct cert *cert = NULL;
    if (file_read(file, FILE_BYTES_MAX, &content, err) != ERR_NONE)
        return err->code;
    if (ctl_cert_der_of(span_bytes(content), &der, err) != ERR_NONE ||
        cert_parse(span_bytes(der), &cert, err) != ERR_NONE)
        return err_add(err, "%s", file);
    *out = ctl_cert_json(cert);
    return ERR_NONE;
}

static enum err_code show_file(struct ctl *ctl, const char *file, struct err *err)
{
    AUTO(json_freep) struct json *certificate = NULL;
    if (read_file(file, &certificate, err) != ERR_NONE)
        return err->code;
    if (ctl_wants_json(ctl))
        ctl_print_json(ctl, certificate);
    else
        ctl_show_certificate(stdout, certificate, ctl->options->lang);
    return ERR_NONE;
}

/* ---- the keys ---- */

static const char *text_at(const struct json *object, const char *name)
{
    const char *text = json_is_object(object) ? json_text_of(json_member(object, name)) : NULL;
    return text == NULL ? "" : text;
}

/* Whether an option names this value, or was not given. */
static bool fits(const char *option, const char *value)
{
    return option == NULL || strcmp(option, value) == 0;
}

static bool is_chosen(const struct ctl_options *options, const struct json *certificate)
{
    const char *usage = text_at(certificate, "usage");
    return fits(options->container, text_at(certificate, "container")) &&
           (fits(options->usage, usage) || strcmp(usage, "both") == 0);
}

/* Calls back for each certificate that the options choose; returns how many. */
static size_t for_each(const struct ctl_options *options, const struct json *answer,
                       void (*visit)(void *context, const struct json *token,
                                     const struct json *certificate),
                       void *context)
{
    size_t count = 0;
    const struct json *tokens = json_member(answer, "tokens");
    for (size_t i = 0; i < json_count(tokens); i++) {
        const struct json *token = json_item(tokens, i);
        const struct json *certificates = json_member(token, "certificates");
        if (!fits(options->token, text_at(token, "serial")))
            continue;
        for (size_t k = 0; k < json_count(certificates); k++) {
            if (!is_chosen(options, json_item(certificates, k)))
                continue;
            visit(context, token, json_item(certificates, k));
            count++;
        }
    }
    return count;
}

static enum err_code read_tokens(struct ctl *ctl, struct json **out, struct err *err)
{
    const struct ctl_request request = {"GET", "/v1/tokens", NULL, TOKENS_SECONDS, 0};
    if (ctl_client_request(ctl->client, &request, out, err) != ERR_NONE)
        return err->code;
    if (json_count(json_member(*out, "tokens")) == 0)
        return err_set(err, ERR_NO_TOKEN, "no key is plugged in");
    return ERR_NONE;
}

static void collect(void *context, const struct json *token, const struct json *certificate)
{
    struct json *copy = json_copy(certificate);
    json_add_text(copy, "token", text_at(token, "serial"));
    json_append(context, copy);
}

static void show_certificates(const struct json *certificates, enum lang lang)
{
    const char *token = "";
    for (size_t i = 0; i < json_count(certificates); i++) {
        const struct json *certificate = json_item(certificates, i);
        if (strcmp(token, text_at(certificate, "token")) != 0) {
            token = text_at(certificate, "token");
            ctl_text_line(stdout, 0, (struct text){"CA锁", "Key"}, lang, token);
        }
        ctl_show_certificate(stdout, certificate, lang);
    }
}

enum err_code ctl_cert_show(struct ctl *ctl, struct err *err)
{
    AUTO(json_freep) struct json *answer = NULL;
    if (ctl->options->word_count == CTL_WORDS_MAX)
        return show_file(ctl, ctl->options->words[CTL_WORDS_MAX - 1], err);
    if (read_tokens(ctl, &answer, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *found = json_new_object();
    struct json *certificates = json_new_array();
    json_add(found, "certificates", certificates);
    if (for_each(ctl->options, answer, collect, certificates) == 0)
        return err_set(err, ERR_TOKEN_NO_CERTIFICATE, "no certificate of this kind");
    if (ctl_wants_json(ctl))
        ctl_print_json(ctl, found);
    else
        show_certificates(certificates, ctl->options->lang);
    return ERR_NONE;
}

/* The last one visited, and all their places for an error. */
struct choice {
    const struct json *certificate;
    char *places;
};

static void choose(void *context, const struct json *token, const struct json *certificate)
{
    struct choice *choice = context;
    char *places =
        memory_printf("%s --token %s --container %s;", choice->places == NULL ? "" : choice->places,
                      text_at(token, "serial"), text_at(certificate, "container"));
    free(choice->places);
    choice->places = places;
    choice->certificate = certificate;
}

static void choice_done(struct choice *choice)
{
    free(choice->places);
}

enum err_code ctl_cert_export(struct ctl *ctl, struct err *err)
{
    AUTO(json_freep) struct json *answer = NULL;
    AUTO(choice_done) struct choice choice = {0};
    if (ctl->options->usage == NULL)
        return err_set(err, ERR_USAGE, "cert export needs --usage sign or --usage encrypt");
    if (read_tokens(ctl, &answer, err) != ERR_NONE)
        return err->code;
    size_t count = for_each(ctl->options, answer, choose, &choice);
    if (count == 0)
        return err_set(err, ERR_TOKEN_NO_CERTIFICATE, "no certificate of this kind");
    if (count > 1)
        return err_set(err, ERR_USAGE, "%zu certificates fit, choose one:%s", count, choice.places);
    const char *pem = text_at(choice.certificate, "pem");
    if (*pem == '\0')
        return err_set(err, ERR_INTERNAL, "the agent's answer has no PEM");
    fputs(pem, stdout);
    ctl->answered = true;
    return ERR_NONE;
}
