#include "portal/pay/payment.h"

#include <stdlib.h>

static const char *const state_texts[PAYMENT_STATE_COUNT] = {
    [PAYMENT_WAITING] = "waiting",
    [PAYMENT_PAID] = "paid",
    [PAYMENT_REFUNDED] = "refunded",
    [PAYMENT_CLOSED] = "closed",
};

const char *payment_state_text(enum payment_state state)
{
    return state_texts[state];
}

bool payment_state_from_text(const char *text, enum payment_state *out)
{
    for (size_t i = 0; i < PAYMENT_STATE_COUNT; i++) {
        if (strcmp(state_texts[i], text) != 0)
            continue;
        *out = (enum payment_state)i;
        return true;
    }
    return false;
}

void payment_fact_done(struct payment_fact *fact)
{
    free(fact->trade);
    free(fact->service_trade);
    *fact = (struct payment_fact){0};
}
