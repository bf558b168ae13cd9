#include "token/piv/piv_metadata.h"

#include "token/piv/piv_algorithm.h"

#define INS_GET_METADATA 0xF7
#define TAG_ALGORITHM 0x01
#define TAG_PUBLIC_KEY 0x04
#define TAG_IS_DEFAULT 0x05
#define TAG_TRIES 0x06
/* A public key of RSA-4096 and some small fields. */
#define METADATA_BYTES_MAX 1024
#define STATUS_NO_KEY 0x6A88
#define STATUS_NOTHING 0x6D00

static bool take_tries(struct span tries, struct piv_metadata *out)
{
    if (tries.at == NULL)
        return true;
    if (tries.len == 1) { /* some cards tell only what is left */
        out->tries_left = tries.at[0];
        return true;
    }
    if (tries.len != 2 || tries.at[0] == 0 || tries.at[1] > tries.at[0])
        return false;
    out->tries_max = tries.at[0];
    out->tries_left = tries.at[1];
    return true;
}

static bool parse(struct span answer, struct piv_metadata *out)
{
    struct span algorithm, key, is_default, tries;
    if (!piv_tlv_find(answer, TAG_ALGORITHM, &algorithm) ||
        !piv_tlv_find(answer, TAG_PUBLIC_KEY, &key) ||
        !piv_tlv_find(answer, TAG_IS_DEFAULT, &is_default) ||
        !piv_tlv_find(answer, TAG_TRIES, &tries) || !take_tries(tries, out))
        return false;
    /* Some cards tell the rules of an empty slot too. */
    out->has_key = algorithm.at != NULL || key.at != NULL || tries.at != NULL;
    if (algorithm.at != NULL && algorithm.len == 1)
        out->algorithm = algorithm.at[0];
    out->is_default = is_default.len == 1 && is_default.at[0] == 1;
    if (key.at != NULL && !piv_algorithm_public_key(out->algorithm, key, &out->key))
        out->key.algorithm = TOKEN_ALGORITHM_NONE;
    return true;
}

enum err_code piv_metadata_read(struct piv *piv, uint8_t reference, struct piv_metadata *out,
                                struct err *err)
{
    struct piv_command command = {
        .name = "GET METADATA",
        .ins = INS_GET_METADATA,
        .p2 = reference,
        .answer_bytes_max = METADATA_BYTES_MAX,
    };
    struct piv_metadata found = {.tries_max = -1, .tries_left = -1};
    AUTO(bytes_freep) struct bytes *answer = NULL;
    uint16_t status = 0;
    if (piv->metadata == PIV_NO) {
        *out = found;
        return ERR_NONE;
    }
    struct err odd = ERR_INIT;
    if (piv_send(piv, &command, &answer, &status, &odd) != ERR_NONE) {
        if (piv_line_failed(odd.code)) {
            *err = odd;
            return err->code;
        }
        status = STATUS_NOTHING;
    }
    bool no_key = status == STATUS_NO_KEY;
    struct piv_metadata told = found;
    if (status == APDU_STATUS_OK && (answer->len == 0 || !parse(span_bytes(answer), &told)))
        status = STATUS_NOTHING; /* success, and nothing that could be understood */
    if (piv->metadata == PIV_NOT_ASKED && status == APDU_STATUS_OK)
        piv->metadata = PIV_YES;
    if (piv->metadata == PIV_NOT_ASKED && !no_key)
        piv->metadata = PIV_NO;
    if (status == APDU_STATUS_OK)
        found = told;
    found.known = status == APDU_STATUS_OK || (no_key && piv->metadata == PIV_YES);
    *out = found;
    return ERR_NONE;
}

enum err_code piv_metadata_ask(struct piv *piv, uint8_t reference, struct piv_metadata *out,
                               struct err *err)
{
    if (piv->metadata == PIV_NOT_ASKED &&
        piv_metadata_read(piv, PIV_REFERENCE_PIN, out, err) != ERR_NONE)
        return err->code;
    return piv_metadata_read(piv, reference, out, err);
}
