#include "agent/doctor/doctor_usb.h"

#include "agent/doctor/doctor_checks.h"
#include "tests/unit/agent/doctor/fixture.h"

#define DRIVER "usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist"

static void device(const struct patient *patient, const char *name, const char *vendor,
                   const char *product, const char *class, const char *text)
{
    const struct {
        const char *file, *content;
    } files[] = {{"idVendor", vendor}, {"idProduct", product}, {"product", text}};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        AUTO(memory_freep)
        char *path = memory_printf("sys/bus/usb/devices/%s/%s", name, files[i].file);
        AUTO(memory_freep) char *line = memory_printf("%s\n", files[i].content);
        patient_write(patient, path, line, 0600);
    }
    AUTO(memory_freep)
    char *path = memory_printf("sys/bus/usb/devices/%s:1.0/bInterfaceClass", name);
    patient_write(patient, path, class, 0600);
}

static void judged(const struct patient *patient, const char *wanted)
{
    struct doctor_findings findings = {0};
    doctor_usb_check(&patient->world, &findings);
    assert_found(&findings, wanted);
}

static void without_usb_nothing_is_wrong(void **state)
{
    judged(*state, "");
}

static void devices_are_read(void **state)
{
    const struct patient *patient = *state;
    struct doctor_usb_device found[DOCTOR_USB_DEVICES_MAX];
    device(patient, "1-2", "055c", "e618", "03\n", "mToken GM3000");
    patient_write(patient, "sys/bus/usb/devices/1-2:1.1/bInterfaceClass", "08\n", 0600);
    patient_write(patient, "sys/bus/usb/devices/1-22/idVendor", "zzzz\n", 0600);
    assert_int_equal(doctor_usb_read(&patient->world, found), 1);
    assert_int_equal(found[0].vendor, 0x055C);
    assert_int_equal(found[0].product, 0xE618);
    assert_int_equal(found[0].interfaces, DOCTOR_USB_HID | DOCTOR_USB_MASS_STORAGE);
    assert_string_equal(found[0].name, "mToken GM3000");
    assert_string_equal(found[0].maker, "");
}

static void keys_are_known_by_number_or_name(void **state)
{
    const struct {
        struct doctor_usb_device device;
        bool known;
    } cases[] = {
        {{.vendor = 0x055C, .product = 0xE618}, true},
        {{.vendor = 0x055C, .product = 0x0001}, true},
        {{.vendor = 0x6588, .product = 0x1514}, true},
        {{.vendor = 0x6588, .product = 0x1515}, false},
        {{.vendor = 0x1234, .product = 1, .name = "BJCA UKey"}, true},
        {{.vendor = 0x1234, .product = 1, .name = "epass3003 Auto"}, true},
        {{.vendor = 0x1234, .product = 1, .name = "USB Key"}, true},
        {{.vendor = 0x1234, .product = 1, .name = "USB Keyboard"}, false},
        {{.vendor = 0x1234, .product = 1, .name = "Cruzer Blade"}, false},
        {{.vendor = 0x1234, .product = 1, .name = ""}, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(doctor_usb_known(&cases[i].device) != NULL, cases[i].known);
}

static void a_hid_key(void **state)
{
    device(*state, "1-2", "055c", "e618", "03", "");
    device(*state, "1-3", "046d", "c077", "03", "USB Optical Mouse");
    judged(*state, "key-hid");
}

static void a_key_that_is_a_disk(void **state)
{
    device(*state, "1-2", "1d99", "0001", "08", "");
    device(*state, "1-3", "0781", "5567", "08", "Cruzer Blade");
    judged(*state, "key-mass-storage");
}

static void a_ccid_key_with_and_without_a_driver(void **state)
{
    device(*state, "1-2", "1111", "2222", "0b", "some reader");
    judged(*state, "key-no-driver");
    patient_write(*state, DRIVER, "", 0600);
    judged(*state, "");
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(without_usb_nothing_is_wrong),
        WITH_PATIENT(devices_are_read),
        WITH_PATIENT(keys_are_known_by_number_or_name),
        WITH_PATIENT(a_hid_key),
        WITH_PATIENT(a_key_that_is_a_disk),
        WITH_PATIENT(a_ccid_key_with_and_without_a_driver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
