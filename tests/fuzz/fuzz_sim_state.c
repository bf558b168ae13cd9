/* The file of a virtual key of either family: what is read is written, and read the same. */
#include "base/memory.h"
#include "fuzz.h"
#include "token/virtual/virtual_personal.h"
#include "token/virtual/virtual_piv_describe.h"
#include "token/virtual/virtual_piv_state.h"
#include "token/virtual/virtual_state.h"

static void read_gmt0017(struct span text)
{
    struct err err = ERR_INIT;
    AUTO(virtual_objects_freep) struct virtual_objects *objects = NULL;
    AUTO(virtual_objects_freep) struct virtual_objects *again = NULL;
    AUTO(virtual_state_wipe_text) char *once = NULL;
    AUTO(virtual_state_wipe_text) char *twice = NULL;
    if (virtual_state_parse(text, &objects, &err) != ERR_NONE) {
        fuzz_require(objects == NULL && err.detail[0] != '\0');
        return;
    }
    fuzz_require(virtual_state_print(objects, &once, &err) == ERR_NONE);
    fuzz_require(virtual_state_parse(span_text(once), &again, &err) == ERR_NONE);
    fuzz_require(virtual_state_print(again, &twice, &err) == ERR_NONE);
    fuzz_require(strcmp(once, twice) == 0);
    memory_freep(&(char *){virtual_personal_describe(objects)});
}

static void read_piv(struct span text)
{
    struct err err = ERR_INIT;
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *objects = NULL;
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *again = NULL;
    AUTO(virtual_state_wipe_text) char *once = NULL;
    AUTO(virtual_state_wipe_text) char *twice = NULL;
    if (virtual_piv_state_parse(text, &objects, &err) != ERR_NONE) {
        fuzz_require(objects == NULL && err.detail[0] != '\0');
        return;
    }
    fuzz_require(objects->pin.left <= objects->pin.max && objects->pin.max > 0);
    fuzz_require(virtual_piv_objects_used(objects) <= objects->profile->space_bytes);
    fuzz_require(virtual_piv_state_print(objects, &once, &err) == ERR_NONE);
    fuzz_require(virtual_piv_state_parse(span_text(once), &again, &err) == ERR_NONE);
    fuzz_require(virtual_piv_state_print(again, &twice, &err) == ERR_NONE);
    fuzz_require(strcmp(once, twice) == 0);
    memory_freep(&(char *){virtual_piv_describe(objects)});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_gmt0017(span_of(data, size));
    read_piv(span_of(data, size));
    return 0;
}
