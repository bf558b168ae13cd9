#include "token/virtual/virtual_call.h"

#include "bench.h"

static const struct virtual_name *no_name(const struct virtual_call *call, size_t index)
{
    (void)call, (void)index;
    return NULL;
}

static const struct virtual_name *two_names(const struct virtual_call *call, size_t index)
{
    static const struct virtual_name names[] = {{1, "a"}, {2, "bc"}};
    (void)call;
    return index < ARRAY_SIZE(names) ? &names[index] : NULL;
}

static void writes_lists_of_names(void **state)
{
    (void)state;
    static const char *const empty[] = {[VIRTUAL_EMPTY_NOTHING] = "",
                                        [VIRTUAL_EMPTY_ONE_NUL] = "00",
                                        [VIRTUAL_EMPTY_TWO_NULS] = "0000"};
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    for (int kind = VIRTUAL_EMPTY_NOTHING; kind <= VIRTUAL_EMPTY_TWO_NULS; kind++) {
        AUTO(buf_done) struct buf out = BUF_INIT(64);
        struct virtual_call call = {.profile = &profile, .out = &out};
        profile.empty_list = (enum virtual_empty_list)kind;
        virtual_call_put_names(&call, no_name);
        AUTO(memory_freep) char *none = hex_encode(buf_span(&out));
        assert_string_equal(none, empty[kind]);
        buf_clear(&out);
        virtual_call_put_names(&call, two_names);
        AUTO(memory_freep) char *two = hex_encode(buf_span(&out));
        assert_string_equal(two, "610062630000");
    }
}

static void takes_the_challenge_once_or_again(void **state)
{
    (void)state;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    uint8_t challenge[VIRTUAL_CHALLENGE_BYTES] = {0};
    for (int kind = VIRTUAL_CHALLENGE_NEXT_COMMAND; kind <= VIRTUAL_CHALLENGE_UNTIL_REPLACED;
         kind++) {
        struct virtual_session session = {.has_challenge = true, .challenge = {1, 2}};
        struct virtual_call call = {.profile = &profile, .session = &session};
        profile.challenge = (enum virtual_challenge)kind;
        assert_true(virtual_call_take_challenge(&call, challenge));
        assert_memory_equal(challenge, session.challenge, sizeof challenge);
        assert_int_equal(virtual_call_take_challenge(&call, challenge),
                         kind == VIRTUAL_CHALLENGE_UNTIL_REPLACED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_lists_of_names),
        cmocka_unit_test(takes_the_challenge_once_or_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
