/* Device management: GetDevInfo, GenRandom. */
#pragma once

#include "token/gmt0017/gmt0017.h"

#define GMT0017_DEVICE_INFO_BYTES 288

/* What we use of GetDevInfo. */
struct gmt0017_device_info {
    char manufacturer[TOKEN_TEXT_BYTES_MAX + 1];
    char label[TOKEN_TEXT_BYTES_MAX + 1];
    char serial[TOKEN_TEXT_BYTES_MAX + 1];
    uint8_t raw[GMT0017_DEVICE_INFO_BYTES]; /* its integers are in the key's byte order */
};

/* Asks a card that may be anything. ERR_TOKEN_UNSUPPORTED unless it answers like this family does.
 * Texts that are not plain are made so, byte by byte; a serial number that is not is shown in
 * hexadecimal. A key without a serial number is ERR_TOKEN_ANSWER: it could not be told from another. */
MUST_CHECK enum err_code gmt0017_device_identify(struct gmt0017 *key,
                                                 struct gmt0017_device_info *out, struct err *err);
/* The same of a key that is known to be of this family. */
MUST_CHECK enum err_code gmt0017_device_read(struct gmt0017 *key, struct gmt0017_device_info *out,
                                             struct err *err);
/* Fields that need the key's byte order. */
size_t gmt0017_device_free_bytes(const struct gmt0017 *key, const struct gmt0017_device_info *info);
size_t gmt0017_device_data_bytes_max(const struct gmt0017 *key,
                                     const struct gmt0017_device_info *info);
size_t gmt0017_device_containers_max(const struct gmt0017_device_info *info);

MUST_CHECK enum err_code gmt0017_device_challenge(struct gmt0017 *key,
                                                  uint8_t out[GMT0017_CHALLENGE_BYTES],
                                                  struct err *err);
