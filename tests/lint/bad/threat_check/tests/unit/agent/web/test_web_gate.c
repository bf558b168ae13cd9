static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_hosts),
};
