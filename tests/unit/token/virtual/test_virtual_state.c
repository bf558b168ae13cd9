#include "token/virtual/virtual_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

static char *print(const struct virtual_objects *objects)
{
    struct err err = ERR_INIT;
    char *text = NULL;
    assert_int_equal(virtual_state_print(objects, &text, &err), ERR_NONE);
    return text;
}

/* A key with everything on it. */
static char *full_key(const char *profile)
{
    struct bench bench;
    struct err err = ERR_INIT;
    struct virtual_name name;
    struct virtual_pair *pair = NULL;
    bench_init(&bench, virtual_profile_find(profile));
    bench_put_sign_pair(&bench);
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_SM2, &pair, &err), ERR_NONE);
    virtual_objects_set_pair(&bench.container->slots[VIRTUAL_SLOT_ENCRYPT], pair, true);
    virtual_objects_set_certificate(&bench.container->slots[VIRTUAL_SLOT_SIGN], span_text("cert"));
    assert_true(virtual_objects_set_name(&name, span_text("印章"), 32));
    struct virtual_file *file =
        virtual_objects_add_file(bench.application, &name, bytes_new(span_text("content")));
    file->read_rights = VIRTUAL_RIGHTS_ANYONE;
    file->write_rights = VIRTUAL_RIGHTS_USER;
    virtual_pin_change(&bench.application->pins[VIRTUAL_PIN_USER], span_text("changed"));
    virtual_pin_miss(&bench.application->pins[VIRTUAL_PIN_USER], bench.objects->profile);
    bench.objects->commands = 12345;
    char *text = print(bench.objects);
    bench_done(&bench);
    return text;
}

static void comes_back_as_it_was(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    for (size_t i = 0; virtual_profile_at(i) != NULL; i++) {
        AUTO(memory_freep) char *text = full_key(virtual_profile_at(i)->name);
        AUTO(virtual_objects_freep) struct virtual_objects *objects = NULL;
        assert_int_equal(virtual_state_parse(span_text(text), &objects, &err), ERR_NONE);
        AUTO(memory_freep) char *again = print(objects);
        assert_string_equal(text, again);
        const struct virtual_application *application = objects->applications[0];
        assert_string_equal(application->files[0]->name.at, "印章");
        assert_true(application->pins[VIRTUAL_PIN_USER].changed);
        assert_int_equal(application->pins[VIRTUAL_PIN_USER].left,
                         application->pins[VIRTUAL_PIN_USER].max - 1);
        assert_int_equal(objects->commands, 12345);
    }
}

/* The text with its first (or last) occurrence of from replaced. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    return memory_printf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void refuses_what_no_card_has_written(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        enum err_code code;
    } cases[] = {
        {"ukey-sim 1", "ukey-sim 2", ERR_FIELD_VALUE},
        {"\"gmt0017-2012\"", "\"other\"", ERR_FIELD_VALUE},
        {"\"format\"", "\"x\":1,\"format\"", ERR_FIELD_UNKNOWN},
        {"\"serial\":\"SERIAL-1\",", "", ERR_FIELD_MISSING},
        {"SERIAL-1", "123456789012345678901234567890123", ERR_FIELD_VALUE},
        {"\"commands\":12345", "\"commands\":-1", ERR_FIELD_VALUE},
        {"\"device_max\":8", "\"device_max\":16", ERR_FIELD_VALUE},
        {"\"device_max\":8", "\"device_max\":7", ERR_FIELD_VALUE},
        {"\"device_max\":8,\"device_left\":8", "\"device_max\":0,\"device_left\":0",
         ERR_FIELD_VALUE},
        {"\"device_key\":\"MTIz", "\"device_key\":\"", ERR_FIELD_VALUE},
        {"\"applications\":[", "\"applications\":[null,", ERR_FIELD_TYPE},
        {"\"applications\":[", "\"applications\":[{},", ERR_FIELD_MISSING},
        {"\"id\":4096", "\"id\":65536", ERR_FIELD_VALUE},
        {"\"create_file_rights\":16", "\"create_file_rights\":2", ERR_FIELD_VALUE},
        {"\"containers_max\":8", "\"containers_max\":0", ERR_FIELD_VALUE},
        {"\"containers_max\":8", "\"containers_max\":9", ERR_FIELD_VALUE},
        {"\"certificates_max\":16", "\"certificates_max\":0", ERR_FIELD_VALUE},
        {"\"files_max\":32", "\"files_max\":0", ERR_FIELD_VALUE},
        {"\"max\":6", "\"max\":5", ERR_FIELD_VALUE},
        {"\"value\":\"MTIzNDU2Nzg=\"", "\"value\":\"MTIzNDU=\"", ERR_FIELD_VALUE},
        {"\"value\":\"MTIzNDU2Nzg=\"", "\"value\":\"\"", ERR_FIELD_VALUE},
        {"\"changed\":true", "\"changed\":1", ERR_FIELD_TYPE},
        {"\"name\":\"box\"", "\"name\":\"\"", ERR_FIELD_VALUE},
        {"\"encrypt\":{", "\"encrypt\":{\"certificate\":\"AAAA\",\"k\":\"\",", ERR_FIELD_UNKNOWN},
        {"\"key\":\"MI", "\"key\":\"MJ", ERR_DER},
        {"\"certificate\":\"Y2VydA==\"", "\"certificate\":\"\"", ERR_FIELD_VALUE},
        {"\"read_rights\":255", "\"read_rights\":254", ERR_FIELD_VALUE},
        {"\"content\":\"Y29udGVudA==\"", "\"content\":\"\"", ERR_FIELD_VALUE},
        {"\"content\":\"Y29udGVudA==\"", "\"content\":\"Y29udGVudA=\"", ERR_FIELD_VALUE},
        {"{", "", ERR_JSON_SYNTAX},
    };
    AUTO(memory_freep) char *good = full_key("gmt0017-2012");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        struct virtual_objects *objects = NULL;
        AUTO(memory_freep) char *bad = replaced(good, cases[i].from, cases[i].to);
        enum err_code code = virtual_state_parse(span_text(bad), &objects, &err);
        if (code != cases[i].code)
            fail_msg("%s -> %s: %s (%s)", cases[i].from, cases[i].to, err_code_text(code),
                     err.detail);
        assert_null(objects);
    }
}

static void refuses_pairs_of_another_family(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct bench bench;
    struct virtual_pair *pair = NULL;
    struct virtual_objects *objects = NULL;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_P256, &pair, &err), ERR_NONE);
    virtual_objects_set_pair(&bench.container->slots[VIRTUAL_SLOT_SIGN], pair, true);
    AUTO(virtual_state_wipe_text) char *text = print(bench.objects);
    assert_int_equal(virtual_state_parse(span_text(text), &objects, &err), ERR_FIELD_VALUE);
    bench_done(&bench);
}

/* An object doubled: two of one name and one id. */
static void refuses_twins(void **state)
{
    (void)state;
    static const char *const lists[] = {"\"containers\":[", "\"files\":[", "\"applications\":["};
    AUTO(memory_freep) char *good = full_key("gmt0017-2012");
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        struct err err = ERR_INIT;
        struct virtual_objects *objects = NULL;
        const char *start = strstr(good, lists[i]) + strlen(lists[i]);
        int depth = 0;
        const char *end = start;
        do
            depth += *end == '{' ? 1 : *end == '}' ? -1 : 0;
        while (end++, depth > 0);
        AUTO(memory_freep)
        char *twins = memory_printf("%.*s%.*s,%s", (int)(start - good), good, (int)(end - start),
                                    start, start);
        assert_int_equal(virtual_state_parse(span_text(twins), &objects, &err), ERR_FIELD_VALUE);
        assert_null(objects);
    }
}

static void refuses_more_than_there_is_room_for(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = ERR_INIT;
    struct virtual_objects *objects = NULL;
    bench_init(&bench, virtual_profile_find("longmai"));
    for (int i = 0; i < 2; i++) {
        struct virtual_name name;
        char text[2] = {(char)('a' + i), '\0'};
        assert_true(virtual_objects_set_name(&name, span_text(text), 32));
        virtual_objects_add_file(bench.application, &name, bytes_new_size(40 * 1024));
    }
    AUTO(memory_freep) char *text = print(bench.objects);
    assert_int_equal(virtual_state_parse(span_text(text), &objects, &err), ERR_FIELD_VALUE);
    bench_done(&bench);
}

static void survives_the_disk(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    char folder[] = "/tmp/virtual-state-XXXXXX";
    assert_non_null(mkdtemp(folder));
    AUTO(memory_freep) char *path = memory_printf("%s/key.json", folder);
    AUTO(memory_freep) char *text = full_key("syno");
    AUTO(virtual_objects_freep) struct virtual_objects *objects = NULL;
    AUTO(virtual_objects_freep) struct virtual_objects *again = NULL;
    assert_int_equal(virtual_state_load(path, &again, &err), ERR_FILE_MISSING);
    assert_int_equal(virtual_state_parse(span_text(text), &objects, &err), ERR_NONE);
    assert_int_equal(virtual_state_save(objects, path, &err), ERR_NONE);
    assert_int_equal(virtual_state_load(path, &again, &err), ERR_NONE);
    AUTO(memory_freep) char *printed = print(again);
    assert_string_equal(printed, text);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(refuses_what_no_card_has_written),
        cmocka_unit_test(refuses_pairs_of_another_family),
        cmocka_unit_test(refuses_twins),
        cmocka_unit_test(refuses_more_than_there_is_room_for),
        cmocka_unit_test(survives_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
