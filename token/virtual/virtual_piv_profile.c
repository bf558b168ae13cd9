#include "token/virtual/virtual_piv_profile.h"

#include <string.h>

#include "base/memory.h"
#include "token/virtual/virtual_piv_status.h"

/* All that makers offer today. */
#define ALL_OF_TODAY \
    .extensions = VIRTUAL_PIV_VERSION | VIRTUAL_PIV_SERIAL | VIRTUAL_PIV_METADATA | \
                  VIRTUAL_PIV_MOVE | VIRTUAL_PIV_RETRIES, \
    .version = {5, 7, 1}, .management = VIRTUAL_PIV_AES192, .extended_length = true, \
    .object_bytes_max = 3052, .space_bytes = 51200, .any_object = true, \
    .emptied = VIRTUAL_PIV_EMPTIED_MISSING, .retired_slots = 20, \
    .retired_generate = VIRTUAL_PIV_SW_OK, .retired_sign = VIRTUAL_PIV_SW_OK, .p384 = true, \
    .pin_tries = 3, .puk_tries = 3, .always = VIRTUAL_PIV_ALWAYS_USED_UP, \
    .wrong_management = VIRTUAL_PIV_SW_WARNING

static const struct virtual_piv_profile profiles[] = {
    {.name = "piv-full", ALL_OF_TODAY},
    {.name = "piv-gm", ALL_OF_TODAY, .sm2 = true},
    /* What they offered a few years ago. */
    {
        .name = "piv-5.4",
        .extensions =
            VIRTUAL_PIV_VERSION | VIRTUAL_PIV_SERIAL | VIRTUAL_PIV_METADATA | VIRTUAL_PIV_RETRIES,
        .version = {5, 4, 3},
        .management = VIRTUAL_PIV_3DES,
        .extended_length = true,
        .object_bytes_max = 3052,
        .space_bytes = 51200,
        .any_object = true,
        .emptied = VIRTUAL_PIV_EMPTIED_MISSING,
        .retired_slots = 20,
        .retired_generate = VIRTUAL_PIV_SW_OK,
        .retired_sign = VIRTUAL_PIV_SW_OK,
        .p384 = true,
        .pin_tries = 3,
        .puk_tries = 3,
        .always = VIRTUAL_PIV_ALWAYS_USED_UP,
        .wrong_management = VIRTUAL_PIV_SW_WARNING,
    },
    /* Writes what comes as it comes: an object is cut off where the chain was. */
    {
        .name = "piv-blocks",
        .extensions = VIRTUAL_PIV_VERSION | VIRTUAL_PIV_SERIAL | VIRTUAL_PIV_METADATA |
                      VIRTUAL_PIV_MOVE | VIRTUAL_PIV_RETRIES,
        .version = {5, 7, 0},
        .management = VIRTUAL_PIV_AES192,
        .object_bytes_max = 2996,
        .space_bytes = 64 * 1024,
        .emptied = VIRTUAL_PIV_EMPTIED_MISSING,
        .written_in_blocks = true,
        .retired_slots = 20,
        .retired_generate = VIRTUAL_PIV_SW_OK,
        .retired_sign = VIRTUAL_PIV_SW_OK,
        .p384 = true,
        .pin_tries = 3,
        .puk_tries = 3,
        .always = VIRTUAL_PIV_ALWAYS_USED_UP,
        .wrong_management = VIRTUAL_PIV_SW_SECURITY,
    },
    /* What the standard asks for, read narrowly: retired keys come from elsewhere. */
    {
        .name = "piv-plain",
        .management = VIRTUAL_PIV_3DES,
        .answer_on_request = true,
        .object_bytes_max = 12 * 1024,
        .space_bytes = 64 * 1024,
        .emptied = VIRTUAL_PIV_EMPTIED_EMPTY,
        .retired_slots = 20,
        .retired_generate = VIRTUAL_PIV_SW_P1P2,
        .retired_sign = VIRTUAL_PIV_SW_CONDITIONS,
        .p384 = true,
        .pin_tries = 3,
        .puk_tries = 3,
        .always = VIRTUAL_PIV_ALWAYS_BEFORE,
        .wrong_management = VIRTUAL_PIV_SW_WARNING,
    },
    /* An own idea wherever there is room for one. */
    {
        .name = "piv-odd",
        .management = VIRTUAL_PIV_AES128,
        .selected_by_power = true,
        .object_bytes_max = 2048,
        .space_bytes = 24 * 1024,
        .any_object = true,
        .emptied = VIRTUAL_PIV_EMPTIED_MISSING,
        .retired_slots = 4,
        .retired_generate = VIRTUAL_PIV_SW_OK,
        .retired_sign = VIRTUAL_PIV_SW_OK,
        .p384 = false,
        .pin_tries = 5,
        .puk_tries = 5,
        .always = VIRTUAL_PIV_ALWAYS_USED_UP,
        .wrong_management = VIRTUAL_PIV_SW_SECURITY,
    },
};

const struct virtual_piv_profile *virtual_piv_profile_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}

const struct virtual_piv_profile *virtual_piv_profile_at(size_t index)
{
    return index < ARRAY_SIZE(profiles) ? &profiles[index] : NULL;
}

bool virtual_piv_profile_has(const struct virtual_piv_profile *profile,
                             enum virtual_piv_extension extension)
{
    return (profile->extensions & extension) == extension;
}

bool virtual_piv_profile_makes(const struct virtual_piv_profile *profile,
                               enum virtual_pair_kind kind)
{
    switch (kind) {
    case VIRTUAL_PAIR_P384:
        return profile->p384;
    case VIRTUAL_PAIR_SM2:
        return profile->sm2;
    default:
        return virtual_piv_crypto_algorithm(kind) != 0;
    }
}
