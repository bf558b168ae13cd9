/* What is on a virtual PIV token: key slots, data objects, PIN, PUK and management key.
 *
 * Plain data, which the command handlers change in place. One thread at a time. */
#pragma once

#include "base/err.h"
#include "base/span.h"
#include "token/virtual/virtual_objects.h"
#include "token/virtual/virtual_piv_profile.h"

/* 9A, 9C, 9D, 9E and 82 to 95. Source: SP 800-73-4 Part 1, Table 4b. */
#define VIRTUAL_PIV_SLOTS 24
#define VIRTUAL_PIV_RETIRED_SLOTS 20
#define VIRTUAL_PIV_RETIRED_FIRST 0x82
/* PIN and PUK with their padding. Source: SP 800-73-4 Part 2, 2.4.3. */
#define VIRTUAL_PIV_PIN_BYTES 8
#define VIRTUAL_PIV_PIN_BYTES_MIN 6
#define VIRTUAL_PIV_PIN_PADDING 0xFF
/* Those of the standard are 36. */
#define VIRTUAL_PIV_OBJECTS_MAX 64
/* A made-up but steady price of a key pair and of an object besides its content. */
#define VIRTUAL_PIV_OBJECT_PRICE 8
#define VIRTUAL_PIV_GUID_BYTES 16
/* Two objects outside of the standard's range hold the seal. */
#define VIRTUAL_PIV_FILE_FIRST 0x5FFF10
#define VIRTUAL_PIV_FILES 2
#define VIRTUAL_PIV_FILE_NAME 0x80 /* inside them */
#define VIRTUAL_PIV_FILE_CONTENT 0x81

enum {
    VIRTUAL_PIV_AUTHENTICATION = 0x9A,
    VIRTUAL_PIV_MANAGEMENT = 0x9B, /* no slot of a pair */
    VIRTUAL_PIV_SIGNATURE = 0x9C,
    VIRTUAL_PIV_KEY_MANAGEMENT = 0x9D,
    VIRTUAL_PIV_CARD_AUTHENTICATION = 0x9E,
};

/* Object tags. Source: SP 800-73-4 Part 1, Table 3. */
enum {
    VIRTUAL_PIV_DISCOVERY = 0x7E,
    VIRTUAL_PIV_BIOMETRIC_GROUP = 0x7F61,
    VIRTUAL_PIV_CHUID = 0x5FC102,
    VIRTUAL_PIV_STANDARD_FIRST = 0x5FC101,
    VIRTUAL_PIV_STANDARD_LAST = 0x5FC123,
    VIRTUAL_PIV_KEY_HISTORY = 0x5FC10C,
    VIRTUAL_PIV_CERTIFICATE = 0x70, /* inside a certificate's object */
    VIRTUAL_PIV_CERTIFICATE_INFO = 0x71,
    VIRTUAL_PIV_CERTIFICATE_NAME = 0x72,
    VIRTUAL_PIV_ERROR_DETECTION = 0xFE,
};

enum virtual_piv_pin_policy {
    VIRTUAL_PIV_PIN_NEVER = 1,
    VIRTUAL_PIV_PIN_ONCE = 2,
    VIRTUAL_PIV_PIN_ALWAYS = 3,
};

struct virtual_piv_pin {
    uint8_t value[VIRTUAL_PIV_PIN_BYTES]; /* padded */
    uint8_t max;
    uint8_t left;
};

struct virtual_piv_slot {
    uint8_t reference;
    enum virtual_piv_pin_policy policy;
    struct virtual_pair *pair; /* NULL: none */
};

struct virtual_piv_object {
    uint32_t tag;
    struct bytes *content; /* of its 53; empty: emptied */
    size_t missing; /* bytes that its length promises and that never came */
};

struct virtual_piv_objects {
    const struct virtual_piv_profile *profile; /* borrowed, static */
    struct virtual_name
        serial; /* decimal digits where there is GET SERIAL, else the GUID's 32 digits */
    struct virtual_name label; /* of the application */
    struct virtual_piv_pin pin;
    struct virtual_piv_pin puk;
    enum virtual_piv_management cipher;
    uint8_t management_key[VIRTUAL_PIV_MANAGEMENT_BYTES_MAX];
    uint64_t commands; /* answered so far */
    struct virtual_piv_slot slots[VIRTUAL_PIV_SLOTS];
    struct virtual_piv_object objects[VIRTUAL_PIV_OBJECTS_MAX]; /* by tag */
    size_t object_count;
};

/* An empty token with PIN 123456, PUK 12345678 and the management key that makers ship (0102...08
 * thrice, as far as the cipher takes it). NULL when serial or label (NULL: none) is none for this profile. */
struct virtual_piv_objects *virtual_piv_objects_new(const struct virtual_piv_profile *profile,
                                                    const char *serial, const char *label);
void virtual_piv_objects_free(struct virtual_piv_objects *objects);
void virtual_piv_objects_freep(struct virtual_piv_objects **objects);

/* The 16 bytes that are the token's GUID, made from its serial. */
void virtual_piv_objects_guid(const struct virtual_piv_objects *objects,
                              uint8_t out[VIRTUAL_PIV_GUID_BYTES]);
/* NULL when the profile has no slot of this reference. */
struct virtual_piv_slot *virtual_piv_objects_slot(struct virtual_piv_objects *objects,
                                                  uint8_t reference);
bool virtual_piv_objects_is_retired(uint8_t reference);
/* Policy of a slot where nobody says another. Source: SP 800-73-4 Part 1, Table 4b. */
enum virtual_piv_pin_policy virtual_piv_objects_policy(uint8_t reference);
/* The object of the certificate of a slot. */
uint32_t virtual_piv_objects_certificate_tag(uint8_t reference);

/* What the object holds; NULL: there is none. Borrowed. */
const struct bytes *virtual_piv_objects_get(const struct virtual_piv_objects *objects,
                                            uint32_t tag);
/* False when there is no room: nothing has changed. */
bool virtual_piv_objects_put(struct virtual_piv_objects *objects, uint32_t tag,
                             struct span content);
/* The object that was just put is only the beginning of one with so many bytes more. */
void virtual_piv_objects_cut_off(struct virtual_piv_objects *objects, uint32_t tag, size_t missing);
/* 0 for a whole object, and where there is none. */
size_t virtual_piv_objects_missing(const struct virtual_piv_objects *objects, uint32_t tag);
void virtual_piv_objects_remove(struct virtual_piv_objects *objects, uint32_t tag);
/* Whether the token takes an object of this tag at all. */
bool virtual_piv_objects_knows(const struct virtual_piv_objects *objects, uint32_t tag);
/* Bytes taken by objects. */
size_t virtual_piv_objects_used(const struct virtual_piv_objects *objects);

/* 6 to 8 bytes as they are typed, padded; false for others. The PUK has 8. */
bool virtual_piv_objects_pad(struct span typed, uint8_t out[VIRTUAL_PIV_PIN_BYTES]);
/* 6 to 8 bytes other than FF, then FF up to the end. */
bool virtual_piv_objects_padded(struct span value);
/* Fills the tries up. value is padded. */
void virtual_piv_objects_set_pin(struct virtual_piv_pin *pin,
                                 const uint8_t value[VIRTUAL_PIV_PIN_BYTES]);
/* Whether these are the values that makers ship. */
bool virtual_piv_objects_pin_is_default(const struct virtual_piv_objects *objects);
bool virtual_piv_objects_puk_is_default(const struct virtual_piv_objects *objects);
bool virtual_piv_objects_key_is_default(const struct virtual_piv_objects *objects);
