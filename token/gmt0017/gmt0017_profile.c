#include "token/gmt0017/gmt0017_profile.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Its historical bytes are "UKEYD". */
static const char virtual_key_atr[] = "3B858001554B45594442";

/* Where each fact was seen stands in README.md. */
static const struct gmt0017_profile built_in[] = {
    {
        .name = "gmt0017-2012",
        .model = "GM/T 0017-2012",
        .manufacturer = "GM/T 0017 reference",
        .pin_key = GMT0017_PIN_KEY_SHA1_PADDED,
        .verify_block = GMT0017_BLOCK_ZEROS,
        .new_pin_block = GMT0017_BLOCK_ZEROS,
        .mac_input = GMT0017_MAC_HEADER_LE,
        .pin_bytes_min = 6,
        .pin_bytes_max = 16,
        .file_name_bytes = 32,
        .read_bytes = 1024,
        .write_bytes = 1024,
        .continuation = 0x6A9E,
    },
    {
        .name = "longmai",
        .model = "Longmai mToken GM3000",
        .manufacturer = "Longmai",
        .pin_key = GMT0017_PIN_KEY_SHA1_PADDED,
        .verify_block = GMT0017_BLOCK_LENGTH,
        .new_pin_block = GMT0017_BLOCK_LENGTH,
        .mac_input = GMT0017_MAC_PLAIN_PIN,
        .pin_bytes_min = 4,
        .pin_bytes_max = 16,
        .file_name_bytes = 32,
        .read_bytes = 496, /* longer answers come in parts of this size */
        .write_bytes = 1976, /* with what stands before them 2048 at most */
        .continuation = 0x6A9E,
    },
    {
        .name = "syno",
        .model = "Syno TF-Key",
        .manufacturer = "Syno",
        .little_endian = true,
        .pin_key = GMT0017_PIN_KEY_SHA1_PADDED,
        .verify_block = GMT0017_BLOCK_ZEROS,
        .new_pin_block = GMT0017_BLOCK_ZEROS,
        .mac_input = GMT0017_MAC_HEADER_LE,
        .mac_extra_block = true,
        .pin_bytes_min = 6,
        .pin_bytes_max = 16,
        .file_name_bytes = 48,
        .read_bytes = 1024,
        .write_bytes = 1024,
        .continuation = 0x6A9E,
        .unblock_needs_admin_login = true,
    },
};

const struct gmt0017_profile *gmt0017_profile_built_in(size_t *out_count)
{
    *out_count = ARRAY_SIZE(built_in);
    return built_in;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool atr_fits(const char *pattern, struct span atr)
{
    if (pattern[0] == '\0')
        return true;
    if (strlen(pattern) != 2 * atr.len)
        return false;
    for (size_t i = 0; i < atr.len; i++) {
        char digits[3];
        snprintf(digits, sizeof digits, "%02X", atr.at[i]);
        const char *at = pattern + 2 * i;
        if (strncmp(at, "..", 2) != 0 && strncasecmp(at, digits, 2) != 0)
            return false;
    }
    return true;
}

static bool fits(const struct gmt0017_profile *profile, const struct gmt0017_identity *identity)
{
    return starts_with(identity->manufacturer, profile->manufacturer) &&
           starts_with(identity->label, profile->label) && atr_fits(profile->atr, identity->atr);
}

static const struct gmt0017_profile *find_in(const struct gmt0017_profile *profiles, size_t count,
                                             const struct gmt0017_identity *identity)
{
    for (size_t i = 0; i < count; i++)
        if (fits(&profiles[i], identity))
            return &profiles[i];
    return NULL;
}

const struct gmt0017_profile *gmt0017_profile_find(const struct gmt0017_profiles *extra,
                                                   const struct gmt0017_identity *identity)
{
    const struct gmt0017_profile *found = NULL;
    if (extra != NULL)
        found = find_in(extra->profile, extra->count, identity);
    return found != NULL ? found : find_in(built_in, ARRAY_SIZE(built_in), identity);
}

bool gmt0017_profile_knows_atr(const struct gmt0017_profiles *extra, struct span atr)
{
    for (size_t i = 0; extra != NULL && i < extra->count; i++)
        if (extra->profile[i].atr[0] != '\0' && atr_fits(extra->profile[i].atr, atr))
            return true;
    return atr_fits(virtual_key_atr, atr);
}
