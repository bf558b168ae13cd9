#include "agent/ctl/ctl_show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

typedef void (*show_fn)(FILE *out, const struct json *json, enum lang lang);

/* The caller frees. */
static char *shown(show_fn show, const char *text, enum lang lang)
{
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *json = NULL;
    char *got = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&got, &size);
    assert_int_equal(json_parse(span_text(text), 65536, &json, &err), ERR_NONE);
    show(out, json, lang);
    fclose(out);
    return got;
}

static void status(void **state)
{
    static const char text[] = "{\"agent\":\"ukeyd\",\"version\":\"0.1.0\",\"api\":1,"
                               "\"pcsc\":\"no-reader\",\"keys\":2,\"busy\":true}";
    AUTO(memory_freep) char *zh = shown(ctl_show_status, text, LANG_ZH);
    AUTO(memory_freep) char *en = shown(ctl_show_status, text, LANG_EN);
    assert_string_equal(zh, "版本：0.1.0\n智能卡服务：没有读卡设备\nCA锁数量：2\n状态：正在操作\n");
    assert_string_equal(en, "Version: 0.1.0\nSmart-card service: no reader\nKeys: 2\n"
                            "State: busy\n");
}

static const char tokens[] =
    "{\"tokens\":[{\"reader\":\"R\",\"supported\":true,\"serial\":\"S1\",\"label\":\"L\\u001b\","
    "\"manufacturer\":\"M\",\"model\":\"X\",\"driver\":\"gmt0017\","
    "\"pin\":{\"max\":10,\"left\":9,\"default\":true},\"certificates\":["
    "{\"container\":\"C1\",\"usage\":\"sign\",\"common_name\":\"张三\",\"organisation\":\"某公司\","
    "\"not_before\":\"2025-12-12T00:00:00Z\",\"not_after\":\"2026-12-12T00:00:00Z\","
    "\"due\":\"now\",\"days_left\":20}]},"
    "{\"reader\":\"R2\",\"supported\":false,\"error\":{\"code\":\"key-unsupported\"}}]}";

static void keys(void **state)
{
    AUTO(memory_freep) char *zh = shown(ctl_show_tokens, tokens, LANG_ZH);
    AUTO(memory_freep) char *en = shown(ctl_show_tokens, tokens, LANG_EN);
    assert_string_equal(
        zh, "CA锁：S1\n  标签：L?\n  厂商：M\n  型号：X\n  读卡器：R\n"
            "  密码：剩余 9 次（共 10 次）\n"
            "  注意：CA锁密码为初始密码，请尽快修改（ukeyctl change-pin）\n"
            "  签名证书：某公司\n    有效期：2025-12-12 至 2026-12-12，剩余 20 天，可以延期\n"
            "    容器：C1\n"
            "CA锁：?\n  读卡器：R2\n  问题：暂不支持这种CA锁\n"
            "  办法：请联系平台客服，并提供CA锁的型号。\n");
    assert_non_null(strstr(en, "    Valid: 2025-12-12 to 2026-12-12, 20 days left, due for "));
}

static void a_locked_pin(void **state)
{
    static const char text[] = "{\"tokens\":[{\"serial\":\"S1\",\"pin\":{\"max\":10,\"left\":0,"
                               "\"default\":false}}]}";
    AUTO(memory_freep) char *zh = shown(ctl_show_tokens, text, LANG_ZH);
    AUTO(memory_freep) char *en = shown(ctl_show_tokens, text, LANG_EN);
    assert_string_equal(zh, "CA锁：S1\n  密码：剩余 0 次（共 10 次），已锁死\n");
    assert_string_equal(en, "Key: S1\n  PIN: 0 of 10 tries left, locked\n");
}

static void what_a_key_does_not_count_is_not_shown(void **state)
{
    (void)state;
    AUTO(memory_freep)
    char *left = shown(ctl_show_tokens,
                       "{\"tokens\":[{\"serial\":\"S1\",\"pin\":{\"max\":null,\"left\":3,"
                       "\"default\":false}}]}",
                       LANG_EN);
    AUTO(memory_freep)
    char *nothing = shown(ctl_show_tokens,
                          "{\"tokens\":[{\"serial\":\"S1\",\"pin\":{\"max\":null,\"left\":null,"
                          "\"default\":false}}]}",
                          LANG_EN);
    assert_string_equal(left, "Key: S1\n  PIN: 3 tries left\n");
    assert_string_equal(nothing, "Key: S1\n");
}

static const char sealed[] =
    "{\"tokens\":[{\"serial\":\"S1\",\"seals\":["
    "{\"file\":\"SEAL\",\"id\":\"ID1\",\"name\":\"某公司\\u001b公章\",\"version\":4,"
    "\"valid_from\":\"2025-12-12T00:00:00Z\",\"valid_until\":\"2026-12-12T00:00:00Z\","
    "\"bound\":true,\"verified\":true,\"error\":null,\"size\":17000},"
    "{\"file\":\"SEAL2\",\"id\":\"ID2\",\"name\":\"法人章\",\"version\":9,"
    "\"valid_from\":\"2025-12-12T00:00:00Z\",\"valid_until\":\"2026-12-12T00:00:00Z\","
    "\"bound\":false,\"verified\":false,\"error\":{\"code\":\"seal-holder\"},\"size\":900}]}]}";

static void seals(void **state)
{
    AUTO(memory_freep) char *zh = shown(ctl_show_tokens, sealed, LANG_ZH);
    AUTO(memory_freep) char *en = shown(ctl_show_tokens, sealed, LANG_EN);
    assert_string_equal(zh, "CA锁：S1\n"
                            "  电子签章：某公司?公章\n    有效期：2025-12-12 至 2026-12-12\n"
                            "    已绑定当前证书：是\n    验证：通过\n    编号：ID1\n"
                            "    版本：V4（GB/T 38540-2020）\n    文件：SEAL\n"
                            "    大小：17000 字节\n"
                            "  电子签章：法人章\n    有效期：2025-12-12 至 2026-12-12\n"
                            "    已绑定当前证书：否，请办理签章延期\n"
                            "    问题：电子签章与CA锁中的证书不匹配\n    办法：请办理签章延期。\n"
                            "    编号：ID2\n    版本：9\n    文件：SEAL2\n    大小：900 字节\n");
    assert_non_null(strstr(en, "    Bound to the present certificate: yes\n    Verified: yes\n"));
    assert_non_null(strstr(en, "    Bound to the present certificate: no: extend the seal\n"));
}

static void no_keys(void **state)
{
    AUTO(memory_freep) char *got = shown(ctl_show_tokens, "{\"tokens\":[]}", LANG_ZH);
    assert_string_equal(got, "没有检测到CA锁\n");
}

static void operations(void **state)
{
    AUTO(memory_freep)
    char *got = shown(ctl_show_operations,
                      "{\"operations\":[{\"created\":\"2026-11-22T14:30:00Z\",\"title\":\"延期\","
                      "\"state\":\"done\",\"token\":{\"serial\":\"S1\"},\"error\":null},"
                      "{\"created\":\"2026-11-22T14:29:00Z\",\"title\":\"检查\","
                      "\"state\":\"failed\",\"token\":null,\"resumable\":true,"
                      "\"id\":\"ABC\",\"error\":{\"title\":\"坏\"}}]}",
                      LANG_ZH);
    assert_string_equal(got, "2026-11-22T14:30:00Z  延期  S1  完成  \n"
                             "2026-11-22T14:29:00Z  检查  -  失败  坏\n"
                             "  继续：ABC\n");
    AUTO(memory_freep) char *none = shown(ctl_show_operations, "{\"operations\":[]}", LANG_EN);
    assert_string_equal(none, "no operations\n");
}

static void results(void **state)
{
    AUTO(memory_freep)
    char *kept =
        shown(ctl_show_result,
              "{\"kind\":\"renew\",\"message\":\"续费成功、请您进行CA签章延期!\",\"result\":{"
              "\"replaced\":false,\"not_after\":\"2027-12-12T00:00:00Z\","
              "\"old_not_after\":\"2026-12-12T00:00:00Z\"}}",
              LANG_ZH);
    assert_string_equal(kept, "续费成功、请您进行CA签章延期!\n  有效期至：2027-12-12\n"
                              "  原有效期至：2026-12-12\n  密钥：沿用原密钥\n");
    AUTO(memory_freep)
    char *replaced =
        shown(ctl_show_result, "{\"kind\":\"renew\",\"result\":{\"replaced\":true}}", LANG_ZH);
    assert_non_null(strstr(replaced, "已更换为新密钥"));
    AUTO(memory_freep)
    char *because = shown(ctl_show_result,
                          "{\"kind\":\"renew\",\"result\":{\"replaced\":false,"
                          "\"kept_reason\":\"key-cannot-replace\"}}",
                          LANG_EN);
    assert_non_null(strstr(because, "no place for a second signing key"));
    AUTO(memory_freep)
    char *checked = shown(
        ctl_show_result,
        "{\"kind\":\"check\",\"message\":null,\"result\":{\"due\":\"now\",\"key\":\"replace\","
        "\"not_after\":\"2026-12-12T00:00:00Z\","
        "\"findings\":[{\"code\":\"order-not-approved\"}]}}",
        LANG_ZH);
    assert_string_equal(checked, "  有效期至：2026-12-12\n  延期：可以延期\n"
                                 "  办理方式：更换新密钥\n  问题：订单尚未审核通过\n"
                                 "  办法：请等待平台审核通过后再办理延期。\n");
}

static void results_of_seals_and_pins(void **state)
{
    static const struct {
        const char *operation, *zh;
    } cases[] = {
        {"{\"kind\":\"extend-seal\",\"message\":\"CA签章延期成功!\",\"result\":{\"file\":\"SEAL\","
         "\"not_after\":\"2027-12-12T00:00:00Z\",\"old_not_after\":\"2026-12-12T00:00:00Z\"}}",
         "CA签章延期成功!\n  签章有效期至：2027-12-12\n  原有效期至：2026-12-12\n"},
        {"{\"kind\":\"reset-pin\",\"message\":\"重置锁成功,CA锁密码为:123456。\","
         "\"result\":{\"pin_default\":true}}",
         "重置锁成功,CA锁密码为:123456。\n"
         "  注意：CA锁密码为初始密码，请尽快修改（ukeyctl change-pin）\n"},
        {"{\"kind\":\"reset-pin\",\"message\":\"M\",\"result\":{\"pin_default\":false}}", "M\n"},
        {"{\"kind\":\"change-pin\",\"message\":\"CA锁密码修改成功!\","
         "\"result\":{\"pin_default\":false}}",
         "CA锁密码修改成功!\n"},
        {"{\"kind\":\"later\",\"message\":\"M\",\"result\":{\"replaced\":true}}", "M\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *got = shown(ctl_show_result, cases[i].operation, LANG_ZH);
        assert_string_equal(got, cases[i].zh);
    }
}

/* Whatever comes, nothing breaks. */
static void nonsense_is_survived(void **state)
{
    static const show_fn functions[] = {ctl_show_status, ctl_show_tokens, ctl_show_certificate,
                                        ctl_show_operations, ctl_show_result};
    static const char *const texts[] = {
        "{}",
        "{\"tokens\":7,\"operations\":\"x\",\"message\":[],\"result\":[]}",
        "{\"tokens\":[7,null,[]],\"operations\":[7,null,{}],\"result\":{\"findings\":[7]}}",
        "{\"tokens\":[{\"pin\":7,\"error\":\"x\"}],\"operations\":[{\"token\":7,\"error\":[]}]}",
        "{\"tokens\":[{\"seals\":7},{\"seals\":[7,null,[],{},{\"error\":7,\"name\":7}]}]}",
        "{\"kind\":\"extend-seal\",\"result\":{\"not_after\":7}}",
        "{\"kind\":7,\"result\":{}}",
        "{\"tokens\":[{\"certificates\":[7,{\"not_before\":\"\",\"not_after\":7}]}]}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
        for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
            AUTO(memory_freep) char *got = shown(functions[i], texts[k], LANG_ZH);
            assert_non_null(got);
        }
}

static void errors(void **state)
{
    struct err err = ERR_INIT;
    char *got = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&got, &size);
    err_set(&err, ERR_PIN_WRONG, "status 63C2");
    err.tries_left = 2;
    ctl_show_err(out, &err, LANG_ZH);
    fclose(out);
    assert_memory_equal(got, "CA锁密码错误\n  剩余次数：2\n  办法：", 40);
    assert_non_null(strstr(got, "  详情：status 63C2\n  代码：pin-wrong\n"));
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status),
        cmocka_unit_test(keys),
        cmocka_unit_test(no_keys),
        cmocka_unit_test(operations),
        cmocka_unit_test(results),
        cmocka_unit_test(nonsense_is_survived),
        cmocka_unit_test(errors),
        cmocka_unit_test(a_locked_pin),
        cmocka_unit_test(what_a_key_does_not_count_is_not_shown),
        cmocka_unit_test(seals),
        cmocka_unit_test(results_of_seals_and_pins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
