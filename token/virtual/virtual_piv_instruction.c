#include "base/memory.h"
#include "token/virtual/virtual_piv_call.h"

/* Source: SP 800-73-4 Part 2, 3; the extensions are those that Yubico has published. */
static const struct virtual_piv_instruction instructions[] = {
    {"VERIFY", VIRTUAL_PIV_INS_VERIFY, false, VIRTUAL_PIV_NO_EXTENSION, virtual_piv_pin_verify},
    {"CHANGE REFERENCE DATA", 0x24, false, VIRTUAL_PIV_NO_EXTENSION, virtual_piv_pin_change},
    {"RESET RETRY COUNTER", 0x2C, false, VIRTUAL_PIV_NO_EXTENSION, virtual_piv_pin_reset},
    {"GENERATE ASYMMETRIC KEY PAIR", 0x47, true, VIRTUAL_PIV_NO_EXTENSION,
     virtual_piv_key_generate},
    {"GENERAL AUTHENTICATE", VIRTUAL_PIV_INS_AUTHENTICATE, true, VIRTUAL_PIV_NO_EXTENSION,
     virtual_piv_sign_authenticate},
    {"SELECT", VIRTUAL_PIV_INS_SELECT, false, VIRTUAL_PIV_NO_EXTENSION, virtual_piv_data_select},
    {"GET DATA", 0xCB, false, VIRTUAL_PIV_NO_EXTENSION, virtual_piv_data_get},
    {"PUT DATA", 0xDB, true, VIRTUAL_PIV_NO_EXTENSION, virtual_piv_data_put},
    {"MOVE KEY", 0xF6, false, VIRTUAL_PIV_MOVE, virtual_piv_key_move},
    {"GET METADATA", 0xF7, false, VIRTUAL_PIV_METADATA, virtual_piv_info_metadata},
    {"GET SERIAL", 0xF8, false, VIRTUAL_PIV_SERIAL, virtual_piv_info_serial},
    {"SET PIN RETRIES", 0xFA, false, VIRTUAL_PIV_RETRIES, virtual_piv_pin_set_retries},
    {"GET VERSION", 0xFD, false, VIRTUAL_PIV_VERSION, virtual_piv_info_version},
};

const struct virtual_piv_instruction *virtual_piv_instruction_find(
    const struct virtual_piv_profile *profile, uint8_t ins)
{
    for (size_t i = 0; i < ARRAY_SIZE(instructions); i++)
        if (instructions[i].ins == ins &&
            (profile == NULL || virtual_piv_profile_has(profile, instructions[i].extension)))
            return &instructions[i];
    return NULL;
}
