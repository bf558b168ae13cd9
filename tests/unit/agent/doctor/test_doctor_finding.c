#include "agent/doctor/doctor_finding.h"

#include "tests/unit/agent/doctor/fixture.h"

static void each_code_has_texts_of_its_own(void **state)
{
    for (size_t i = 0; i < DOCTOR_CODE_COUNT; i++) {
        enum doctor_code code = (enum doctor_code)i;
        assert_true(strlen(doctor_code_text(code)) > 3);
        assert_true(strlen(doctor_code_title(code).zh) > 0 &&
                    strlen(doctor_code_title(code).en) > 0);
        assert_true(strlen(doctor_code_cause(code).zh) > 0 &&
                    strlen(doctor_code_cause(code).en) > 0);
        assert_true(strlen(doctor_code_remedy(code).zh) > 0 &&
                    strlen(doctor_code_remedy(code).en) > 0);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(doctor_code_text(code), doctor_code_text((enum doctor_code)k));
    }
}

static void findings_are_kept_dropped_and_moved(void **state)
{
    struct doctor_findings one = {0}, two = {0};
    doctor_findings_add(&one, DOCTOR_NO_KEY, "reader %d", 1);
    doctor_findings_add(&one, DOCTOR_CONFIG, "line 3");
    doctor_findings_add(&one, DOCTOR_NO_KEY, "reader 2");
    assert_true(doctor_findings_have(&one, DOCTOR_NO_KEY));
    assert_string_equal(one.at[0].found, "reader 1");
    doctor_findings_drop(&one, DOCTOR_NO_KEY);
    assert_false(doctor_findings_have(&one, DOCTOR_NO_KEY));
    doctor_findings_add(&two, DOCTOR_PCSC, "x");
    doctor_findings_move(&two, &one);
    assert_int_equal(one.count, 0);
    assert_found(&two, "pcsc config");
}

static void there_is_an_end(void **state)
{
    struct doctor_findings findings = {0};
    for (size_t i = 0; i < DOCTOR_FINDINGS_MAX + 3; i++)
        doctor_findings_add(&findings, DOCTOR_PCSC, "%zu", i);
    assert_int_equal(findings.count, DOCTOR_FINDINGS_MAX);
    struct doctor_findings more = {0};
    doctor_findings_add(&more, DOCTOR_PCSC, "lost");
    doctor_findings_move(&findings, &more);
    assert_int_equal(findings.count, DOCTOR_FINDINGS_MAX);
    doctor_findings_done(&findings);
}

static void long_texts_are_cut_between_characters(void **state)
{
    struct doctor_findings findings = {0};
    char text[DOCTOR_FOUND_BYTES_MAX + 10];
    memset(text, 'a', sizeof text);
    memcpy(text + DOCTOR_FOUND_BYTES_MAX - 2, "\xE9\x98\xB3", 3);
    text[sizeof text - 1] = '\0';
    doctor_findings_add(&findings, DOCTOR_PCSC, "%s", text);
    assert_int_equal(strlen(findings.at[0].found), DOCTOR_FOUND_BYTES_MAX - 1);
    assert_string_equal(findings.at[0].found + DOCTOR_FOUND_BYTES_MAX - 3, "a?");
    doctor_findings_done(&findings);
}

static void as_json_in_both_languages(void **state)
{
    struct doctor_findings findings = {0};
    doctor_findings_add(&findings, DOCTOR_STATE_MODE, "it");
    AUTO(json_freep) struct json *zh = doctor_finding_json(&findings.at[0], LANG_ZH);
    AUTO(json_freep) struct json *en = doctor_finding_json(&findings.at[0], LANG_EN);
    assert_string_equal(json_text_of(json_member(en, "code")), "state-mode");
    assert_string_equal(json_text_of(json_member(en, "found")), "it");
    assert_string_not_equal(json_text_of(json_member(en, "title")),
                            json_text_of(json_member(zh, "title")));
    assert_non_null(json_text_of(json_member(zh, "cause")));
    assert_non_null(json_text_of(json_member(zh, "remedy")));
    assert_true(doctor_code_fixable(DOCTOR_STATE_MODE));
    assert_false(doctor_code_fixable(DOCTOR_DISK_FULL));
    doctor_findings_done(&findings);
}

static void facts_replace_one_another(void **state)
{
    struct doctor_findings findings = {0};
    doctor_findings_fact(&findings, "a", "1");
    doctor_findings_fact(&findings, "a", "2");
    doctor_findings_fact(&findings, "b", NULL);
    assert_string_equal(json_text_of(json_member(findings.facts, "a")), "2");
    assert_non_null(json_member(findings.facts, "b"));
    doctor_findings_done(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_texts_of_its_own),
        cmocka_unit_test(findings_are_kept_dropped_and_moved),
        cmocka_unit_test(there_is_an_end),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(as_json_in_both_languages),
        cmocka_unit_test(facts_replace_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
