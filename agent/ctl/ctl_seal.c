#include "agent/ctl/ctl_seal.h"

#include <stdio.h>

#include "agent/ctl/ctl_cert.h"
#include "agent/ctl/ctl_roots.h"
#include "agent/ctl/ctl_seal_show.h"
#include "agent/ctl/ctl_text.h"
#include "base/clock.h"
#include "base/file.h"
#include "certs/seal.h"

/* A certificate in PEM with the text that openssl x509 -text puts before it. */
#define CERT_FILE_BYTES_MAX 65536
#define PICTURE_MODE 0644

static enum err_code read_seal(const struct ctl *ctl, struct seal **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *der = NULL;
    if (ctl->options->word_count != CTL_WORDS_MAX)
        return err_set(err, ERR_USAGE, "seal %s needs a file", ctl->options->words[1]);
    const char *file = ctl->options->words[CTL_WORDS_MAX - 1];
    if (file_read(file, SEAL_BYTES_MAX, &der, err) != ERR_NONE)
        return err->code;
    if (seal_parse(span_bytes(der), out, err) != ERR_NONE)
        return err_add(err, "%s", file);
    return ERR_NONE;
}

static enum err_code write_picture(const struct ctl *ctl, const struct seal *seal, struct err *err)
{
    const char *file = ctl->options->picture;
    if (file == NULL)
        return ERR_NONE;
    return file_write_atomic(file, seal_peek(seal)->picture, PICTURE_MODE, err);
}

enum err_code ctl_seal_show(struct ctl *ctl, struct err *err)
{
    AUTO(seal_freep) struct seal *seal = NULL;
    if (read_seal(ctl, &seal, err) != ERR_NONE || write_picture(ctl, seal, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *json = ctl_seal_json(seal);
    if (ctl_wants_json(ctl))
        ctl_print_json(ctl, json);
    else
        ctl_seal_print(stdout, json, ctl->options->lang);
    return ERR_NONE;
}

/* ---- verify ---- */

static enum err_code read_roots(const char *file, struct ctl_roots *out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *pem = NULL;
    if (file_read(file, CTL_ROOTS_BYTES_MAX, &pem, err) != ERR_NONE)
        return err->code;
    if (ctl_roots_read(span_bytes(pem), out, err) != ERR_NONE)
        return err_add(err, "%s", file);
    return ERR_NONE;
}

/* file: NULL leaves *out NULL. */
static enum err_code read_signer(const char *file, struct cert **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    if (file == NULL)
        return ERR_NONE;
    if (file_read(file, CERT_FILE_BYTES_MAX, &content, err) != ERR_NONE)
        return err->code;
    if (ctl_cert_der_of(span_bytes(content), &der, err) != ERR_NONE ||
        cert_parse(span_bytes(der), out, err) != ERR_NONE)
        return err_add(err, "%s", file);
    return ERR_NONE;
}

static enum err_code read_time(const char *text, int64_t *out_utc, struct err *err)
{
    *out_utc = clock_now_utc();
    if (text != NULL && !clock_parse_utc(text, out_utc))
        return err_set(err, ERR_USAGE, "--at: a time as 2026-11-22T14:30:00Z");
    return ERR_NONE;
}

static void print_verdict(struct ctl *ctl, const struct seal *seal, const struct seal_check *check)
{
    char at[CLOCK_TEXT_BYTES];
    bool with_signer = check->signer != NULL;
    enum lang lang = ctl->options->lang;
    clock_format_utc(check->now_utc, at);
    if (ctl_wants_json(ctl)) {
        AUTO(json_freep) struct json *json = json_new_object();
        json_add_bool(json, "valid", true);
        json_add_text(json, "at", at);
        json_add_bool(json, "signer_checked", with_signer);
        json_add(json, "seal", ctl_seal_json(seal));
        ctl_print_json(ctl, json);
        return;
    }
    puts(text_in(with_signer ? (struct text){"电子签章有效，且与该证书匹配。",
                                             "The seal is valid, and bound to this certificate."}
                             : (struct text){"电子签章有效。", "The seal is valid."},
                 lang));
    ctl_text_line(stdout, 2, (struct text){"名称", "Name"}, lang, seal_peek(seal)->name);
    ctl_text_line(stdout, 2, (struct text){"验证时间", "Checked for"}, lang, at);
}

enum err_code ctl_seal_verify(struct ctl *ctl, struct err *err)
{
    AUTO(seal_freep) struct seal *seal = NULL;
    AUTO(ctl_roots_done) struct ctl_roots roots = {0};
    AUTO(cert_freep) struct cert *signer = NULL;
    int64_t now_utc;
    if (ctl->options->roots == NULL)
        return err_set(err, ERR_USAGE, "seal verify needs --roots");
    if (read_time(ctl->options->at, &now_utc, err) != ERR_NONE ||
        read_roots(ctl->options->roots, &roots, err) != ERR_NONE ||
        read_signer(ctl->options->signer, &signer, err) != ERR_NONE ||
        read_seal(ctl, &seal, err) != ERR_NONE)
        return err->code;
    const struct seal_check check = {
        .roots = roots.roots,
        .marked_maker = (ctl->options->given & CTL_MARKED_MAKER) != 0,
        .intermediates = roots.intermediates,
        .intermediate_count = roots.intermediate_count,
        .signer = signer,
        .now_utc = now_utc,
    };
    if (seal_verify(seal, &check, err) != ERR_NONE)
        return err->code;
    print_verdict(ctl, seal, &check);
    return ERR_NONE;
}
