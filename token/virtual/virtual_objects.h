/* What is on a virtual key: applications, PINs, containers with key pairs and certificates, files.
 *
 * Plain data, which the command handlers change in place. One thread at a time. */
#pragma once

#include "base/err.h"
#include "base/span.h"
#include "token/virtual/virtual_crypto.h"
#include "token/virtual/virtual_pair.h"
#include "token/virtual/virtual_pin.h"
#include "token/virtual/virtual_profile.h"

/* SKF allows container names of 64 bytes; no fixed field is wider. */
#define VIRTUAL_NAME_BYTES_MAX 64
#define VIRTUAL_SERIAL_BYTES_MAX 32 /* DEVINFO */
#define VIRTUAL_LABEL_BYTES_MAX 32
#define VIRTUAL_APPLICATIONS_MAX 8
#define VIRTUAL_CONTAINERS_MAX 64
#define VIRTUAL_FILES_MAX 64
/* Offsets are 16 bits wide. */
#define VIRTUAL_FILE_BYTES_MAX 65536
/* Certificates of bidders have about 1 KiB. */
#define VIRTUAL_CERTIFICATE_BYTES_MAX 8192
/* What an object takes besides its content: a made-up but steady price. */
#define VIRTUAL_OBJECT_BYTES 64
#define VIRTUAL_PAIR_BYTES 320

/* Rights to files; the bits of administrator and user may stand together. */
enum {
    VIRTUAL_RIGHTS_NEVER = 0x00,
    VIRTUAL_RIGHTS_ADMIN = 0x01,
    VIRTUAL_RIGHTS_USER = 0x10,
    VIRTUAL_RIGHTS_ANYONE = 0xFF,
};

struct virtual_name {
    size_t len;
    char at[VIRTUAL_NAME_BYTES_MAX + 1];
};

struct virtual_slot {
    struct virtual_pair *pair; /* NULL: none */
    struct bytes *certificate; /* NULL: none */
};

struct virtual_container {
    struct virtual_name name;
    uint16_t id;
    struct virtual_slot slots[2]; /* by the numbers of the commands: 0 encryption, 1 signing */
    bool open; /* until the power goes; not in the file */
};

enum { VIRTUAL_SLOT_ENCRYPT = 0, VIRTUAL_SLOT_SIGN = 1 };

struct virtual_file {
    struct virtual_name name;
    uint32_t read_rights;
    uint32_t write_rights;
    struct bytes *content;
};

enum { VIRTUAL_PIN_ADMIN = 0, VIRTUAL_PIN_USER = 1 };

struct virtual_application {
    struct virtual_name name;
    uint16_t id;
    uint32_t create_file_rights;
    uint8_t containers_max;
    uint8_t certificates_max;
    uint16_t files_max;
    struct virtual_pin pins[2]; /* by the numbers of the commands: 0 administrator, 1 user */
    struct virtual_container *containers[VIRTUAL_CONTAINERS_MAX];
    size_t container_count;
    struct virtual_file *files[VIRTUAL_FILES_MAX];
    size_t file_count;
    bool open; /* until the power goes; not in the file */
    bool logged_in[2]; /* likewise */
};

struct virtual_objects {
    const struct virtual_profile *profile; /* borrowed, static */
    struct virtual_name serial;
    struct virtual_name label;
    uint8_t device_key[VIRTUAL_CIPHER_BYTES];
    uint8_t device_max;
    uint8_t device_left;
    uint64_t commands; /* answered so far */
    struct virtual_application *applications[VIRTUAL_APPLICATIONS_MAX];
    size_t application_count;
};

/* An empty key with the device key that makers ship (ASCII 1234567812345678). profile is kept, borrowed.
 * NULL when the serial or the label (NULL: none) is too long. */
struct virtual_objects *virtual_objects_new(const struct virtual_profile *profile,
                                            const char *serial, const char *label);
void virtual_objects_free(struct virtual_objects *objects);
void virtual_objects_freep(struct virtual_objects **objects);

/* 1 to limit bytes, no zero byte; false otherwise. */
bool virtual_objects_set_name(struct virtual_name *name, struct span text, size_t limit);

bool virtual_objects_rights_known(int64_t rights);
/* Of its pairs, VIRTUAL_PAIR_NONE when it has none. */
enum virtual_pair_kind virtual_objects_container_kind(const struct virtual_container *container);

/* Bytes taken. */
size_t virtual_objects_used(const struct virtual_objects *objects);
/* Whether more bytes fit. */
bool virtual_objects_fit(const struct virtual_objects *objects, size_t more);
/* In the containers of one application. */
size_t virtual_objects_certificates(const struct virtual_application *application);

/* Each gives NULL when there is none. */
struct virtual_application *virtual_objects_application(const struct virtual_objects *objects,
                                                        struct span name);
struct virtual_application *virtual_objects_application_by_id(const struct virtual_objects *objects,
                                                              uint16_t id);
struct virtual_container *virtual_objects_container(const struct virtual_application *application,
                                                    struct span name);
struct virtual_container *virtual_objects_container_by_id(
    const struct virtual_application *application, uint16_t id);
struct virtual_file *virtual_objects_file(const struct virtual_application *application,
                                          struct span name);

/* Each adds a new one at the end, with an id that is free; the caller has checked limit and name. */
struct virtual_application *virtual_objects_add_application(struct virtual_objects *objects,
                                                            const struct virtual_name *name);
struct virtual_container *virtual_objects_add_container(struct virtual_application *application,
                                                        const struct virtual_name *name);
/* Takes content over. */
struct virtual_file *virtual_objects_add_file(struct virtual_application *application,
                                              const struct virtual_name *name,
                                              struct bytes *content);
void virtual_objects_remove_application(struct virtual_objects *objects,
                                        struct virtual_application *application);
void virtual_objects_remove_container(struct virtual_application *application,
                                      struct virtual_container *container);
void virtual_objects_remove_file(struct virtual_application *application,
                                 struct virtual_file *file);
/* Takes pair over, in place of what was there. */
void virtual_objects_set_pair(struct virtual_slot *slot, struct virtual_pair *pair,
                              bool drop_certificate);
void virtual_objects_set_certificate(struct virtual_slot *slot, struct span der);
/* Forgets what does not survive without power: open applications and containers, log-ins. */
void virtual_objects_power_lost(struct virtual_objects *objects);
