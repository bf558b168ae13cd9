#include "agent/remote/remote_chain.h"

#include "base/hex.h"

enum err_code remote_chain_read(const struct json *chain, struct bytes *out[REMOTE_CHAIN_MAX],
                                size_t *out_count, struct err *err)
{
    for (size_t i = 0; i < json_count(chain) && i < REMOTE_CHAIN_MAX; i++) {
        const char *text = json_text_of(json_item(chain, i));
        if (text == NULL)
            return err_set(err, ERR_FIELD_TYPE, "chain: item %zu is not a string", i);
        if (base64_decode(text, REMOTE_CERT_BYTES_MAX, &out[i], err) != ERR_NONE)
            return err_add(err, "chain, item %zu", i);
        *out_count = i + 1;
    }
    return ERR_NONE;
}
