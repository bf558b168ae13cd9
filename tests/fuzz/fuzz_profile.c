/* A device profile that an administrator adds. */
#include "fuzz.h"
#include "fuzz_input.h"
#include "token/gmt0017/gmt0017_profile_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gmt0017_profile profile;
    struct err err = ERR_INIT;
    if (gmt0017_profile_file_read(fuzz_file(span_of(data, size)), &profile, &err) != ERR_NONE) {
        fuzz_require(err.code == ERR_CONFIG && err.detail[0] != '\0');
        return 0;
    }
    fuzz_require(profile.name[0] != '\0' && profile.pin_bytes_min <= profile.pin_bytes_max);
    fuzz_require(profile.pin_bytes_max <= GMT0017_PIN_BYTES_MAX);
    fuzz_require(profile.file_name_bytes >= GMT0017_FILE_NAME_BYTES_MIN);
    fuzz_require(profile.file_name_bytes <= TOKEN_NAME_BYTES_MAX);
    fuzz_require(profile.read_bytes >= GMT0017_CHUNK_BYTES_MIN &&
                 profile.read_bytes <= GMT0017_CHUNK_BYTES_MAX);
    fuzz_require(profile.write_bytes >= GMT0017_CHUNK_BYTES_MIN &&
                 profile.write_bytes <= GMT0017_CHUNK_BYTES_MAX);
    return 0;
}
