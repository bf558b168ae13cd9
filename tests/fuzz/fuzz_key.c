/* A key that lies: the first byte of an input is the call, then come the key's answers as for lying_channel.h. */
#include "fuzz.h"
#include "fuzz_input.h"
#include "key_calls.h"
#include "lying_channel.h"

/* More commands than one call has. */
#define COMMANDS_MAX 3000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t atr[] = {0x3B, 0x85, 0x80, 0x01, 'U', 'K', 'E', 'Y', 'D', 0x42};
    struct span rest = span_of(data, size);
    size_t number = fuzz_byte(&rest) % key_call_count();
    const struct lying_card card = {SPAN_ARRAY(atr), rest, COMMANDS_MAX, NULL};
    key_call(number, lying_channel_new(&card));
    return 0;
}
