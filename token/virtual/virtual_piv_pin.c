/* PIN and PUK. Source: SP 800-73-4 Part 2, 3.2.1 to 3.2.3. */
#include "token/virtual/virtual_crypto.h"
#include "token/virtual/virtual_piv_call.h"

#define REFERENCE_PIN 0x80
#define REFERENCE_PUK 0x81
#define LOG_OUT 0xFF /* P1 of VERIFY */
#define PAIR_BYTES (2 * VIRTUAL_PIV_PIN_BYTES)
/* What SET PIN RETRIES gives back. */
#define FIRST_PIN "123456"
#define FIRST_PUK "12345678"

static uint16_t tries(const struct virtual_piv_pin *pin)
{
    return pin->left == 0 ? VIRTUAL_PIV_SW_LOCKED : (uint16_t)(VIRTUAL_PIV_SW_TRIES | pin->left);
}

static void log_out(struct virtual_piv_call *call)
{
    call->session->pin_verified = false;
    call->session->pin_fresh = false;
}

/* Compares, and counts. value is padded. */
static uint16_t check(struct virtual_piv_call *call, struct virtual_piv_pin *pin, struct span value)
{
    if (pin->left == 0)
        return VIRTUAL_PIV_SW_LOCKED;
    bool right = virtual_crypto_equal(pin->value, value.at, VIRTUAL_PIV_PIN_BYTES);
    call->changed = call->changed || !right || pin->left < pin->max;
    pin->left = right ? pin->max : (uint8_t)(pin->left - 1);
    return right ? VIRTUAL_PIV_SW_OK : tries(pin);
}

uint16_t virtual_piv_pin_verify(struct virtual_piv_call *call)
{
    const struct virtual_piv_command *command = call->command;
    struct virtual_piv_pin *pin = &call->objects->pin;
    if (command->p1 != 0 && command->p1 != LOG_OUT)
        return VIRTUAL_PIV_SW_P1P2;
    if (command->p2 != REFERENCE_PIN)
        return VIRTUAL_PIV_SW_NO_REFERENCE;
    if (command->p1 == LOG_OUT) {
        if (command->data.len > 0)
            return VIRTUAL_PIV_SW_DATA;
        log_out(call);
        return VIRTUAL_PIV_SW_OK;
    }
    if (command->data.len == 0)
        return call->session->pin_verified ? VIRTUAL_PIV_SW_OK : tries(pin);
    if (!virtual_piv_objects_padded(command->data))
        return VIRTUAL_PIV_SW_DATA;
    log_out(call);
    uint16_t status = check(call, pin, command->data);
    call->session->pin_verified = status == VIRTUAL_PIV_SW_OK;
    call->session->pin_fresh = status == VIRTUAL_PIV_SW_OK;
    return status;
}

uint16_t virtual_piv_pin_change(struct virtual_piv_call *call)
{
    const struct virtual_piv_command *command = call->command;
    bool puk = command->p2 == REFERENCE_PUK;
    struct virtual_piv_pin *pin = puk ? &call->objects->puk : &call->objects->pin;
    if (command->p1 != 0)
        return VIRTUAL_PIV_SW_P1P2;
    if (!puk && command->p2 != REFERENCE_PIN)
        return VIRTUAL_PIV_SW_NO_REFERENCE;
    if (command->data.len != PAIR_BYTES)
        return VIRTUAL_PIV_SW_LENGTH;
    struct span present = span_part(command->data, 0, VIRTUAL_PIV_PIN_BYTES);
    struct span next = span_part(command->data, VIRTUAL_PIV_PIN_BYTES, VIRTUAL_PIV_PIN_BYTES);
    if (!virtual_piv_objects_padded(present) || !virtual_piv_objects_padded(next))
        return VIRTUAL_PIV_SW_DATA;
    uint16_t status = check(call, pin, present);
    if (status == VIRTUAL_PIV_SW_OK) {
        virtual_piv_objects_set_pin(pin, next.at);
        call->changed = true;
    } else if (!puk) {
        log_out(call);
    }
    return status;
}

uint16_t virtual_piv_pin_reset(struct virtual_piv_call *call)
{
    const struct virtual_piv_command *command = call->command;
    if (command->p1 != 0)
        return VIRTUAL_PIV_SW_P1P2;
    if (command->p2 != REFERENCE_PIN)
        return VIRTUAL_PIV_SW_NO_REFERENCE;
    if (command->data.len != PAIR_BYTES)
        return VIRTUAL_PIV_SW_LENGTH;
    struct span puk = span_part(command->data, 0, VIRTUAL_PIV_PIN_BYTES);
    struct span next = span_part(command->data, VIRTUAL_PIV_PIN_BYTES, VIRTUAL_PIV_PIN_BYTES);
    if (!virtual_piv_objects_padded(puk) || !virtual_piv_objects_padded(next))
        return VIRTUAL_PIV_SW_DATA;
    uint16_t status = check(call, &call->objects->puk, puk);
    log_out(call);
    if (status == VIRTUAL_PIV_SW_OK) {
        virtual_piv_objects_set_pin(&call->objects->pin, next.at);
        call->changed = true;
    }
    return status;
}

static void set_retries(struct virtual_piv_pin *pin, uint8_t max, const char *first)
{
    uint8_t value[VIRTUAL_PIV_PIN_BYTES];
    pin->max = max;
    if (virtual_piv_objects_pad(span_text(first), value))
        virtual_piv_objects_set_pin(pin, value);
}

uint16_t virtual_piv_pin_set_retries(struct virtual_piv_call *call)
{
    const struct virtual_piv_command *command = call->command;
    if (!call->session->managed || !call->session->pin_verified)
        return VIRTUAL_PIV_SW_SECURITY;
    if (command->p1 == 0 || command->p1 > VIRTUAL_TRIES_MAX || command->p2 == 0 ||
        command->p2 > VIRTUAL_TRIES_MAX)
        return VIRTUAL_PIV_SW_P1P2;
    set_retries(&call->objects->pin, command->p1, FIRST_PIN);
    set_retries(&call->objects->puk, command->p2, FIRST_PUK);
    call->changed = true;
    return VIRTUAL_PIV_SW_OK;
}
