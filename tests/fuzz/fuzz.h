/* What fuzz targets share. Each is one function that takes any bytes; it is built with libFuzzer
 * (-Dfuzz=true, clang), and always with fuzz_replay.c, which hands it the files of its corpus. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process when it does not hold, with assertions on or off. */
#define fuzz_require(condition) \
    do { \
        if (!(condition)) \
            abort(); \
    } while (0)
