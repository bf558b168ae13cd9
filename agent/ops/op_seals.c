#include "agent/ops/op_seals.h"

#include <stdlib.h>

#include "certs/proof.h"

void op_seals_free(struct op_seals *seals)
{
    if (seals == NULL)
        return;
    for (size_t i = 0; i < seals->count; i++)
        seal_free(seals->seals[i].seal);
    free(seals);
}

void op_seals_freep(struct op_seals **seals)
{
    op_seals_free(*seals);
    *seals = NULL;
}

static enum err_code read_one(struct token *token, const struct token_file *file,
                              struct op_seals *seals, struct err *err)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    struct op_seal *next = &seals->seals[seals->count];
    struct err no_seal = ERR_INIT; /* other software keeps files here too */
    if (token_read_file_of(token, file->name, file->size_bytes, &content, err) != ERR_NONE)
        return err->code == ERR_TOKEN_LOGIN_LOST ? ERR_NONE
                                                 : err_add(err, "read file %s", file->name);
    if (seal_parse(span_bytes(content), &next->seal, &no_seal) != ERR_NONE)
        return ERR_NONE;
    memcpy(next->file, file->name, strlen(file->name) + 1);
    seals->count++;
    return ERR_NONE;
}

enum err_code op_seals_read(struct token *token, struct op_seals **out, struct err *err)
{
    AUTO(token_files_freep) struct token_files *files = NULL;
    if (token_list_files(token, &files, err) != ERR_NONE)
        return err_add(err, "list the files");
    AUTO(op_seals_freep) struct op_seals *seals = memory_new(sizeof *seals);
    for (size_t i = 0; i < files->count && seals->count < TOKEN_FILES_MAX; i++)
        if (files->files[i].size_bytes <= SEAL_BYTES_MAX &&
            read_one(token, &files->files[i], seals, err) != ERR_NONE)
            return err->code;
    *out = TAKE(seals);
    return ERR_NONE;
}

/* Whether a is the one to be extended rather than b. */
static bool precedes(const struct op_seal *a, const struct op_seal *b, const struct cert *cert)
{
    bool a_bound = seal_binds(a->seal, cert);
    bool b_bound = seal_binds(b->seal, cert);
    if (a_bound != b_bound)
        return !a_bound;
    return seal_peek(a->seal)->valid_until_utc < seal_peek(b->seal)->valid_until_utc;
}

static enum err_code check_one_identity(const struct op_seals *seals, struct err *err)
{
    for (size_t i = 1; i < seals->count; i++) {
        const char *first = seal_peek(seals->seals[0].seal)->id;
        const char *other = seal_peek(seals->seals[i].seal)->id;
        if (strcmp(first, other) != 0)
            return err_set(err, ERR_SEAL_SEVERAL, "\"%.64s\" and \"%.64s\"", first, other);
    }
    return ERR_NONE;
}

enum err_code op_seals_present(const struct op_seals *seals, const char *id,
                               const struct cert *cert, const struct op_seal **out, struct err *err)
{
    const struct op_seal *present = NULL;
    if (id == NULL && check_one_identity(seals, err) != ERR_NONE)
        return err->code;
    for (size_t i = 0; i < seals->count; i++) {
        const struct op_seal *seal = &seals->seals[i];
        if (id != NULL && strcmp(seal_peek(seal->seal)->id, id) != 0)
            continue;
        if (present == NULL || precedes(seal, present, cert))
            present = seal;
    }
    if (present == NULL)
        return err_set(err, ERR_SEAL_MISSING, "no file of the key is the seal%s%.64s",
                       id != NULL ? " " : "", id != NULL ? id : "");
    *out = present;
    return ERR_NONE;
}

enum err_code op_seals_compare(struct token *token, const char *file, const uint8_t sha256[32],
                               bool *out_same, struct err *err)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    uint8_t got[32];
    struct err read = ERR_INIT;
    if (token_read_file(token, file, &content, &read) == ERR_NONE) {
        proof_sha256(span_bytes(content), got);
        *out_same = memcmp(got, sha256, sizeof got) == 0;
        return ERR_NONE;
    }
    if (read.code != ERR_TOKEN_NO_FILE) {
        *err = read;
        return err_add(err, "compare %s", file);
    }
    *out_same = false;
    return ERR_NONE;
}

const struct op_seal *op_seals_holding(const struct op_seals *seals, struct span der)
{
    for (size_t i = 0; i < seals->count; i++)
        if (span_equal(seal_peek(seals->seals[i].seal)->der, der))
            return &seals->seals[i];
    return NULL;
}
