#include "token/virtual/virtual_call.h"

bool virtual_call_take_challenge(struct virtual_call *call, uint8_t out[VIRTUAL_CHALLENGE_BYTES])
{
    if (!call->session->has_challenge)
        return false;
    memcpy(out, call->session->challenge, VIRTUAL_CHALLENGE_BYTES);
    if (call->profile->challenge != VIRTUAL_CHALLENGE_UNTIL_REPLACED)
        call->session->has_challenge = false;
    return true;
}

void virtual_call_put_names(struct virtual_call *call,
                            const struct virtual_name *(*next)(const struct virtual_call *, size_t))
{
    const struct virtual_name *name = next(call, 0);
    if (name == NULL) {
        buf_add_zeros(call->out, call->profile->empty_list == VIRTUAL_EMPTY_NOTHING   ? 0
                                 : call->profile->empty_list == VIRTUAL_EMPTY_ONE_NUL ? 1
                                                                                      : 2);
        return;
    }
    for (size_t i = 0; name != NULL; name = next(call, ++i)) {
        buf_add(call->out, span_of(name->at, name->len));
        buf_add_u8(call->out, 0);
    }
    buf_add_u8(call->out, 0);
}
