/* Keys among the USB devices: which of them the smart-card service can't see. */
#pragma once

#include <stdint.h>

#include "agent/doctor/doctor_world.h"

/* Of sysfs. */
#define DOCTOR_USB_DEVICES_MAX 128
#define DOCTOR_USB_TEXT_BYTES 64

/* The interfaces of a device that matter here. Source: usb.org, defined class codes. */
enum doctor_usb_interface {
    DOCTOR_USB_CCID = 1 << 0, /* 0B: the smart-card service's */
    DOCTOR_USB_HID = 1 << 1, /* 03 */
    DOCTOR_USB_MASS_STORAGE = 1 << 2, /* 08 */
};

struct doctor_usb_device {
    uint16_t vendor, product;
    unsigned interfaces;
    char maker[DOCTOR_USB_TEXT_BYTES],
        name[DOCTOR_USB_TEXT_BYTES]; /* as the device says, "" if not */
};

/* Every device of /sys/bus/usb/devices. */
size_t doctor_usb_read(const struct doctor_world *world,
                       struct doctor_usb_device out[DOCTOR_USB_DEVICES_MAX]);
/* What a device is known as: by vendor and product, by vendor alone, or by a word in its name that only
 * keys have. NULL: no key that we know of. */
const char *doctor_usb_known(const struct doctor_usb_device *device);
