/* The agent's configuration file. */
#include "agent/config.h"
#include "fuzz.h"
#include "fuzz_input.h"

static void check_platform(const struct config *config, const struct config_platform *platform)
{
    fuzz_require(strncmp(platform->origin, "https://", 8) == 0);
    fuzz_require(strncmp(platform->api, "https://", 8) == 0);
    fuzz_require(platform->id[0] != '\0' && platform->name != NULL && platform->roots != NULL);
    fuzz_require(platform->roots[0] == '/');
    fuzz_require(config_platform_of(config, platform->origin) == platform);
    fuzz_require(strpbrk(platform->origin, "\r\n\"' ") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(config_freep) struct config *config = NULL;
    struct err err = ERR_INIT;
    if (config_read(fuzz_file(span_of(data, size)), &config, &err) != ERR_NONE) {
        fuzz_require(config == NULL && err.detail[0] != '\0');
        return 0;
    }
    fuzz_require(config->port > 0 && config->port <= 65535 && config->prompt_seconds > 0);
    fuzz_require(config->platform_count <= CONFIG_PLATFORMS_MAX);
    for (size_t i = 0; i < config->platform_count; i++)
        check_platform(config, &config->platforms[i]);
    return 0;
}
