#include "agent/doctor/doctor_usb.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/doctor/doctor_checks.h"

#define DEVICES "/sys/bus/usb/devices"
/* Drives every reader of the CCID class. Source: libccid 1.5, CCIDCLASSDRIVER in its Info.plist. */
#define CCID_DRIVER "/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist"
#define ANY_PRODUCT (-1)

/* Makers of keys for certificates, and models that were seen in the field. A maker's other models are taken
 * for keys too: none of these makes anything else for USB. */
static const struct {
    uint16_t vendor;
    int product; /* ANY_PRODUCT: the maker's others */
    const char *name;
} known[] = {
    {0x055C, 0xE618, "Longmai GM3000 (HID)"},
    {0x055C, ANY_PRODUCT, "Longmai mToken"},
    {0x096E, 0x0309, "Feitian ePass3000GM"},
    {0x096E, 0x0401, "Feitian key"},
    {0x096E, ANY_PRODUCT, "Feitian key"},
    {0x6588, 0x1514, "LinGuo LG3073"},
    {0x1D99, 0x0001, "HSIC key"},
    {0x5448, 0x0003, "FJCA key"},
    {0x5448, 0x0004, "NMGCA key"},
    {0x22FB, 0x1014, "key 22FB:1014"},
    {0x1EA8, 0xC001, "key 1EA8:C001"},
};

/* In capitals. */
static const char *const words[] = {"UKEY",   "USBKEY", "USB KEY",   "USB-KEY",  "EPASS",
                                    "MTOKEN", "GM3000", "USB TOKEN", "USBTOKEN", "CA TOKEN"};

/* ---- sysfs ---- */

static char *attribute(const struct doctor_world *world, const char *device, const char *name)
{
    AUTO(memory_freep) char *path = memory_printf(DEVICES "/%s/%s", device, name);
    return doctor_world_line(world, path);
}

static bool number(const struct doctor_world *world, const char *device, const char *name,
                   unsigned long *out)
{
    char *end;
    AUTO(memory_freep) char *text = attribute(world, device, name);
    if (text == NULL || *text == '\0')
        return false;
    *out = strtoul(text, &end, 16);
    return *end == '\0' && *out <= UINT16_MAX;
}

static void text_of(const struct doctor_world *world, const char *device, const char *name,
                    char out[DOCTOR_USB_TEXT_BYTES])
{
    AUTO(memory_freep) char *text = attribute(world, device, name);
    snprintf(out, DOCTOR_USB_TEXT_BYTES, "%s", text == NULL ? "" : text);
    text_repair_utf8(out);
}

static void dir_closep(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

/* Interfaces stand beside their device: "1-2:1.0" is one of "1-2". */
static unsigned interfaces_of(const struct doctor_world *world, const char *device)
{
    static const struct {
        unsigned long class;
        unsigned interface;
    } classes[] = {
        {0x0B, DOCTOR_USB_CCID}, {0x03, DOCTOR_USB_HID}, {0x08, DOCTOR_USB_MASS_STORAGE}};
    unsigned found = 0;
    size_t length = strlen(device);
    const struct dirent *entry;
    unsigned long class;
    AUTO(memory_freep) char *folder = doctor_world_path(world, DEVICES);
    AUTO(dir_closep) DIR *dir = opendir(folder);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, device, length) != 0 || entry->d_name[length] != ':' ||
            !number(world, entry->d_name, "bInterfaceClass", &class))
            continue;
        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
            if (classes[i].class == class)
                found |= classes[i].interface;
    }
    return found;
}

size_t doctor_usb_read(const struct doctor_world *world,
                       struct doctor_usb_device out[DOCTOR_USB_DEVICES_MAX])
{
    size_t count = 0;
    const struct dirent *entry;
    unsigned long vendor, product;
    AUTO(memory_freep) char *folder = doctor_world_path(world, DEVICES);
    AUTO(dir_closep) DIR *dir = opendir(folder);
    while (dir != NULL && count < DOCTOR_USB_DEVICES_MAX && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.' || strchr(entry->d_name, ':') != NULL ||
            !number(world, entry->d_name, "idVendor", &vendor) ||
            !number(world, entry->d_name, "idProduct", &product))
            continue;
        struct doctor_usb_device *device = &out[count++];
        *device = (struct doctor_usb_device){
            .vendor = (uint16_t)vendor,
            .product = (uint16_t)product,
            .interfaces = interfaces_of(world, entry->d_name),
        };
        text_of(world, entry->d_name, "manufacturer", device->maker);
        text_of(world, entry->d_name, "product", device->name);
    }
    return count;
}

/* ---- judging ---- */

static bool holds_word(const char *name)
{
    char capitals[DOCTOR_USB_TEXT_BYTES];
    size_t i = 0;
    for (; name[i] != '\0' && i + 1 < sizeof capitals; i++)
        capitals[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 'a' + 'A') : name[i];
    capitals[i] = '\0';
    for (i = 0; i < ARRAY_SIZE(words); i++) {
        const char *at = strstr(capitals, words[i]);
        const char *behind = at == NULL ? NULL : at + strlen(words[i]);
        if (behind != NULL && (*behind < 'A' || *behind > 'Z')) /* no "USB KEYBOARD" */
            return true;
    }
    return false;
}

const char *doctor_usb_known(const struct doctor_usb_device *device)
{
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (known[i].vendor == device->vendor &&
            (known[i].product == ANY_PRODUCT || known[i].product == device->product))
            return known[i].name;
    return holds_word(device->name) ? device->name : NULL;
}

static void judge(const struct doctor_world *world, const struct doctor_usb_device *device,
                  struct doctor_findings *findings)
{
    const char *name = doctor_usb_known(device);
    bool ccid = (device->interfaces & DOCTOR_USB_CCID) != 0;
    enum doctor_code code;
    if (ccid && doctor_world_has(world, CCID_DRIVER))
        return;
    if (ccid)
        code = DOCTOR_KEY_NO_DRIVER;
    else if (name == NULL)
        return;
    else if ((device->interfaces & DOCTOR_USB_MASS_STORAGE) != 0)
        code = DOCTOR_KEY_MASS_STORAGE;
    else
        code = DOCTOR_KEY_HID;
    doctor_findings_add(findings, code, "USB device %04X:%04X%s%s%s%s", device->vendor,
                        device->product, name == NULL ? "" : ", ", name == NULL ? "" : name,
                        device->name[0] == '\0' || device->name == name ? "" : ", ",
                        device->name == name ? "" : device->name);
}

void doctor_usb_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    AUTO(memory_freep)
    struct doctor_usb_device *devices = memory_new(DOCTOR_USB_DEVICES_MAX * sizeof *devices);
    size_t count = doctor_usb_read(world, devices);
    AUTO(memory_freep) char *text = memory_printf("%zu", count);
    doctor_findings_fact(findings, "devices", text);
    for (size_t i = 0; i < count; i++)
        judge(world, &devices[i], findings);
}
