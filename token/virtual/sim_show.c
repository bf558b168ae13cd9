/* show and decrypt: what is on a key, from its file. */
#include "token/virtual/sim_commands.h"

#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "token/virtual/sim_options.h"
#include "token/virtual/virtual_card.h"

/* What the demo encrypts to a key; RSA takes 245 bytes at once anyway. */
#define CIPHERTEXT_BYTES_MAX (64 * 1024)
#define CERTIFICATE_BYTES_MAX (64 * 1024)

enum err_code sim_show(const char *const *arguments, int count, struct err *err)
{
    const char *state = NULL;
    const struct sim_option options[] = {
        {"state", SIM_OPTION_TEXT, .required = true, .out = &state},
    };
    AUTO(virtual_card_freep) struct virtual_card *card = NULL;
    if (sim_options_read(options, ARRAY_SIZE(options), arguments, count, NULL, err) != ERR_NONE ||
        virtual_card_load(state, &card, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep) char *text = virtual_card_describe(card);
    printf("%s\n", text);
    return ERR_NONE;
}

static enum err_code read_stdin(struct buf *out, struct err *err)
{
    uint8_t bytes[4096];
    for (;;) {
        ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
        if (got < 0)
            return err_set_errno(err, ERR_FILE, "read stdin");
        if (got == 0)
            return ERR_NONE;
        buf_add(out, span_of(bytes, (size_t)got));
        if (out->bad)
            return err_set(err, ERR_FILE, "stdin: more than %d bytes", CIPHERTEXT_BYTES_MAX);
    }
}

enum err_code sim_decrypt(const char *const *arguments, int count, struct err *err)
{
    const char *state = NULL;
    const char *certificate_path = NULL;
    const struct sim_option options[] = {
        {"state", SIM_OPTION_TEXT, .required = true, .out = &state},
        {"cert", SIM_OPTION_TEXT, .required = true, .out = &certificate_path},
    };
    AUTO(virtual_card_freep) struct virtual_card *card = NULL;
    AUTO(bytes_freep) struct bytes *certificate = NULL;
    AUTO(bytes_freep) struct bytes *plain = NULL;
    AUTO(buf_done) struct buf ciphertext = BUF_INIT(CIPHERTEXT_BYTES_MAX);
    if (sim_options_read(options, ARRAY_SIZE(options), arguments, count, NULL, err) != ERR_NONE ||
        virtual_card_load(state, &card, err) != ERR_NONE ||
        file_read(certificate_path, CERTIFICATE_BYTES_MAX, &certificate, err) != ERR_NONE ||
        read_stdin(&ciphertext, err) != ERR_NONE)
        return err->code;
    const struct virtual_pair *pair = virtual_card_pair_for(card, span_bytes(certificate));
    if (pair == NULL)
        return err_set(err, ERR_TOKEN_NO_KEY, "no key pair on the key is that certificate's");
    if (virtual_pair_decrypt(pair, buf_span(&ciphertext), &plain, err) != ERR_NONE)
        return err->code;
    if (fwrite(plain->at, 1, plain->len, stdout) != plain->len || fflush(stdout) != 0)
        return err_set_errno(err, ERR_FILE, "write stdout");
    return ERR_NONE;
}
