#include "token/gmt0017/gmt0017_container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INFO_BYTES 11
#define TYPE_NONE 0
#define TYPE_RSA 1
#define TYPE_ECC 2
#define CERT_HEAD_BYTES 4
#define CERT_SIGN 1
#define CERT_ENCRYPT 0
#define STATUS_NOT_OPEN 0x6A94
/* Behind application and container in a command: kind, length, certificate. */
#define TAIL_BYTES_MAX (1 + CERT_HEAD_BYTES + TOKEN_CERT_BYTES_MAX)

/* ---- what is remembered ---- */

static struct gmt0017_container *find(struct gmt0017 *key, const char *name)
{
    for (size_t i = 0; i < key->container_count; i++)
        if (strcmp(key->containers[i].name, name) == 0)
            return &key->containers[i];
    return NULL;
}

/* NULL when there is no room: then it is not remembered. */
static struct gmt0017_container *find_or_add(struct gmt0017 *key, const char *name)
{
    struct gmt0017_container *container = find(key, name);
    if (container != NULL || key->container_count == TOKEN_PAIRS_MAX)
        return container;
    container = &key->containers[key->container_count++];
    *container = (struct gmt0017_container){0};
    snprintf(container->name, sizeof container->name, "%s", name);
    return container;
}

static void forget(struct gmt0017 *key, const char *name)
{
    struct gmt0017_container *container = find(key, name);
    if (container != NULL)
        *container = key->containers[--key->container_count];
}

void gmt0017_container_remember(struct gmt0017 *key, const char *name,
                                const struct gmt0017_container_info *info)
{
    struct gmt0017_container *container = find_or_add(key, name);
    if (container == NULL)
        return;
    container->info = *info;
    container->info_known = true;
}

void gmt0017_container_forget_info(struct gmt0017 *key, const char *name)
{
    struct gmt0017_container *container = find(key, name);
    if (container != NULL)
        container->info_known = false;
}

/* ---- lists and facts ---- */

struct listing {
    size_t count;
    char name[TOKEN_PAIRS_MAX][TOKEN_NAME_BYTES_MAX + 1];
};

static enum err_code take_name(void *context, const char *name, struct err *err)
{
    struct listing *listing = context;
    if (listing->count == TOKEN_PAIRS_MAX)
        return err_set(err, ERR_TOKEN_ANSWER, "more than %d containers", TOKEN_PAIRS_MAX);
    snprintf(listing->name[listing->count++], sizeof listing->name[0], "%s", name);
    return ERR_NONE;
}

/* application id || text: how the commands that name a container begin. */
static struct bytes *named(const struct gmt0017 *key, const char *name)
{
    struct bytes *bytes = bytes_new_size(GMT0017_ID_BYTES + strlen(name));
    memcpy(bytes->at, key->application_id, GMT0017_ID_BYTES);
    memcpy(bytes->at + GMT0017_ID_BYTES, name, strlen(name));
    return bytes;
}

static enum err_code list_names(struct gmt0017 *key, struct listing *listing, struct err *err)
{
    struct gmt0017_command command = {
        .name = "EnumContainer",
        .cla = 0x80,
        .ins = 0x46,
        .data = span_of(key->application_id, GMT0017_ID_BYTES),
        .le = APDU_LE_ALL,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_read(key, &command, GMT0017_LIST_BYTES_MAX, &answer, err) != ERR_NONE)
        return err->code;
    if (gmt0017_each_name(span_bytes(answer), take_name, listing, err) != ERR_NONE)
        return err_add(err, "%s", command.name);
    return ERR_NONE;
}

enum err_code gmt0017_container_list(struct gmt0017 *key, struct err *err)
{
    struct listing listing = {0};
    if (list_names(key, &listing, err) != ERR_NONE)
        return err->code;
    struct gmt0017_container before[TOKEN_PAIRS_MAX];
    size_t before_count = key->container_count;
    memcpy(before, key->containers, before_count * sizeof before[0]);
    key->container_count = 0;
    for (size_t i = 0; i < listing.count; i++)
        find_or_add(key, listing.name[i]);
    for (size_t i = 0; i < before_count; i++) {
        struct gmt0017_container *still = find(key, before[i].name);
        if (still != NULL)
            *still = before[i];
    }
    return ERR_NONE;
}

static bool bits_possible(uint8_t type, uint32_t bits)
{
    if (bits == 0)
        return true;
    if (type == TYPE_ECC)
        return bits == 256;
    return type == TYPE_RSA && (bits == 1024 || bits == 2048 || bits == 3072 || bits == 4096);
}

static enum token_algorithm algorithm_of(uint8_t type, uint32_t sign_bits, uint32_t encrypt_bits)
{
    if (sign_bits == 0 && encrypt_bits == 0)
        return TOKEN_ALGORITHM_NONE;
    if (type == TYPE_ECC)
        return TOKEN_SM2;
    bool is_2048 =
        (sign_bits == 0 || sign_bits == 2048) && (encrypt_bits == 0 || encrypt_bits == 2048);
    return is_2048 ? TOKEN_RSA2048 : TOKEN_ALGORITHM_NONE;
}

static enum err_code parse_info(const struct gmt0017 *key, const uint8_t at[INFO_BYTES],
                                struct gmt0017_container_info *out, struct err *err)
{
    uint8_t type = at[0];
    uint32_t sign_bits = gmt0017_u32(key, at + 1);
    uint32_t encrypt_bits = gmt0017_u32(key, at + 5);
    if (type > TYPE_ECC || !bits_possible(type, sign_bits) || !bits_possible(type, encrypt_bits) ||
        at[9] > 1 || at[10] > 1)
        return err_set(err, ERR_TOKEN_ANSWER,
                       "GetContainerInfo: type %d, keys of %u and %u bits, certificates %d and %d",
                       type, sign_bits, encrypt_bits, at[9], at[10]);
    *out = (struct gmt0017_container_info){
        .algorithm = algorithm_of(type, sign_bits, encrypt_bits),
        .sign_bits = sign_bits,
        .encrypt_bits = encrypt_bits,
        .has_sign_cert = at[9] == 1,
        .has_encrypt_cert = at[10] == 1,
    };
    return ERR_NONE;
}

enum err_code gmt0017_container_info(struct gmt0017 *key, const char *name,
                                     struct gmt0017_container_info *out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *data = named(key, name);
    struct gmt0017_command command = {
        .name = "GetContainerInfo",
        .cla = 0x80,
        .ins = 0x4A,
        .data = span_bytes(data),
        .le = INFO_BYTES,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_read(key, &command, INFO_BYTES, &answer, err) != ERR_NONE)
        return err->code;
    if (answer->len != INFO_BYTES)
        return err_set(err, ERR_TOKEN_ANSWER, "%s: %zu bytes instead of %d", command.name,
                       answer->len, INFO_BYTES);
    struct gmt0017_container_info info;
    if (parse_info(key, answer->at, &info, err) != ERR_NONE)
        return err->code;
    gmt0017_container_remember(key, name, &info);
    *out = info;
    return ERR_NONE;
}

enum err_code gmt0017_container_known_info(struct gmt0017 *key, const char *name,
                                           struct gmt0017_container_info *out, struct err *err)
{
    const struct gmt0017_container *container = find(key, name);
    if (container == NULL || !container->info_known)
        return gmt0017_container_info(key, name, out, err);
    *out = container->info;
    return ERR_NONE;
}

/* ---- commands about an open container ---- */

/* was_known: the number was remembered, and may have lost its meaning. */
static enum err_code open_container(struct gmt0017 *key, const char *name,
                                    uint8_t id[GMT0017_ID_BYTES], bool *was_known, struct err *err)
{
    struct gmt0017_container *container = find(key, name);
    *was_known = container != NULL && container->is_open;
    if (*was_known) {
        memcpy(id, container->id, GMT0017_ID_BYTES);
        return ERR_NONE;
    }
    AUTO(bytes_freep) struct bytes *data = named(key, name);
    struct gmt0017_command command = {
        .name = "OpenContainer",
        .cla = 0x80,
        .ins = 0x42,
        .data = span_bytes(data),
        .le = GMT0017_ID_BYTES,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_send(key, &command, GMT0017_ID_BYTES, &answer, err) != ERR_NONE)
        return err->code;
    memcpy(id, answer->at, GMT0017_ID_BYTES);
    container = find_or_add(key, name);
    if (container != NULL) {
        memcpy(container->id, id, GMT0017_ID_BYTES);
        container->is_open = true;
    }
    return ERR_NONE;
}

struct container_call {
    struct gmt0017 *key;
    const char *name;
    const struct gmt0017_command *command;
    bool is_read;
    size_t bytes; /* limit of a read, else what is wanted */
    struct bytes **out;
};

static enum err_code call_with_id(const struct container_call *call,
                                  const uint8_t id[GMT0017_ID_BYTES], struct err *err)
{
    AUTO(buf_done) struct buf data = BUF_INIT(2 * GMT0017_ID_BYTES + TAIL_BYTES_MAX);
    buf_add(&data, span_of(call->key->application_id, GMT0017_ID_BYTES));
    buf_add(&data, span_of(id, GMT0017_ID_BYTES));
    buf_add(&data, call->command->data);
    if (data.bad)
        return err_set(err, ERR_TOKEN_NO_SPACE, "%s: %zu bytes of data", call->command->name,
                       call->command->data.len);
    struct gmt0017_command command = *call->command;
    command.data = buf_span(&data);
    if (call->is_read)
        return gmt0017_read(call->key, &command, call->bytes, call->out, err);
    return gmt0017_send(call->key, &command, call->bytes, call->out, err);
}

static enum err_code call_container(const struct container_call *call, struct err *err)
{
    uint8_t id[GMT0017_ID_BYTES];
    bool was_known;
    if (open_container(call->key, call->name, id, &was_known, err) != ERR_NONE)
        return err->code;
    enum err_code code = call_with_id(call, id, err);
    if (code == ERR_NONE || err->foreign != STATUS_NOT_OPEN || !was_known)
        return code;
    find(call->key, call->name)->is_open = false;
    if (open_container(call->key, call->name, id, &was_known, err) != ERR_NONE)
        return err->code;
    return call_with_id(call, id, err);
}

enum err_code gmt0017_container_send(struct gmt0017 *key, const char *name,
                                     const struct gmt0017_command *command, size_t want_bytes,
                                     struct bytes **out, struct err *err)
{
    struct container_call call = {key, name, command, false, want_bytes, out};
    return call_container(&call, err);
}

enum err_code gmt0017_container_read(struct gmt0017 *key, const char *name,
                                     const struct gmt0017_command *command, size_t limit_bytes,
                                     struct bytes **out, struct err *err)
{
    struct container_call call = {key, name, command, true, limit_bytes, out};
    return call_container(&call, err);
}

/* ---- making and removing ---- */

static enum err_code check_free(struct gmt0017 *key, const char *name, struct err *err)
{
    if (gmt0017_container_list(key, err) != ERR_NONE)
        return err->code;
    if (find(key, name) != NULL)
        return err_set(err, ERR_TOKEN_EXISTS, "the key has a container of the name %s", name);
    if (key->container_count >= key->facts->pairs_max)
        return err_set(err, ERR_TOKEN_NO_SPACE, "the key holds %zu containers, at most %zu",
                       key->container_count, key->facts->pairs_max);
    return ERR_NONE;
}

enum err_code gmt0017_container_create(struct gmt0017 *key, const char *name, struct err *err)
{
    if (check_free(key, name, err) != ERR_NONE)
        return err->code;
    AUTO(bytes_freep) struct bytes *data = named(key, name);
    struct gmt0017_command command = {
        .name = "CreateContainer",
        .cla = 0x80,
        .ins = 0x40,
        .data = span_bytes(data),
        .le = GMT0017_ID_BYTES,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_send(key, &command, GMT0017_ID_BYTES, &answer, err) != ERR_NONE)
        return err->code;
    struct gmt0017_container *container = find_or_add(key, name);
    if (container != NULL) {
        memcpy(container->id, answer->at, GMT0017_ID_BYTES);
        container->is_open = true;
    }
    return ERR_NONE;
}

enum err_code gmt0017_container_delete(struct gmt0017 *key, const char *name, struct err *err)
{
    AUTO(bytes_freep) struct bytes *data = named(key, name);
    struct gmt0017_command command = {
        .name = "DeleteContainer",
        .cla = 0x80,
        .ins = 0x48,
        .data = span_bytes(data),
        .le = APDU_LE_NONE,
    };
    forget(key, name);
    return gmt0017_send(key, &command, 0, NULL, err);
}

/* ---- certificates ---- */

enum err_code gmt0017_container_read_cert(struct gmt0017 *key, const char *name,
                                          enum token_slot slot, struct bytes **out, struct err *err)
{
    struct gmt0017_command command = {
        .name = "ExportCertificate",
        .cla = 0x80,
        .ins = 0x4E,
        .p1 = slot == TOKEN_SIGN ? CERT_SIGN : CERT_ENCRYPT,
        .le = APDU_LE_ALL,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_container_read(key, name, &command, CERT_HEAD_BYTES + TOKEN_CERT_BYTES_MAX, &answer,
                               err) != ERR_NONE)
        return err->code;
    uint32_t length = answer->len < CERT_HEAD_BYTES ? 0 : gmt0017_u32(key, answer->at);
    if (length == 0 && (answer->len == 0 || answer->len == CERT_HEAD_BYTES))
        return err_set(err, ERR_TOKEN_NO_CERTIFICATE, "%s: an empty certificate", command.name);
    if (answer->len < CERT_HEAD_BYTES || length != answer->len - CERT_HEAD_BYTES)
        return err_set(err, ERR_TOKEN_ANSWER, "%s: %zu bytes, its length says %u", command.name,
                       answer->len, length);
    *out = bytes_new(span_of(answer->at + CERT_HEAD_BYTES, length));
    return ERR_NONE;
}

enum err_code gmt0017_container_write_cert(struct gmt0017 *key, const char *name,
                                           enum token_slot slot, struct span der, struct err *err)
{
    AUTO(buf_done) struct buf data = BUF_INIT(TAIL_BYTES_MAX);
    buf_add_u8(&data, slot == TOKEN_SIGN ? CERT_SIGN : CERT_ENCRYPT);
    gmt0017_add_u32(key, &data, (uint32_t)der.len);
    buf_add(&data, der);
    struct gmt0017_command command = {
        .name = "ImportCertificate",
        .cla = 0x80,
        .ins = 0x4C,
        .data = buf_span(&data),
        .le = APDU_LE_NONE,
    };
    if (data.bad)
        return err_set(err, ERR_TOKEN_NO_SPACE, "%s: %zu bytes", command.name, der.len);
    return gmt0017_container_send(key, name, &command, 0, NULL, err);
}

/* A certificate that the key's own facts promise; NULL when it is not there after all. */
static enum err_code read_promised_cert(struct gmt0017 *key, const char *name, bool promised,
                                        enum token_slot slot, struct bytes **out, struct err *err)
{
    if (!promised)
        return ERR_NONE;
    enum err_code code = gmt0017_container_read_cert(key, name, slot, out, err);
    return code == ERR_TOKEN_NO_CERTIFICATE ? ERR_NONE : code;
}

static enum err_code read_pair(struct gmt0017 *key, const char *name, struct token_pair *pair,
                               struct err *err)
{
    struct gmt0017_container_info info;
    if (gmt0017_container_info(key, name, &info, err) != ERR_NONE)
        return err->code;
    snprintf(pair->name, sizeof pair->name, "%s", name);
    pair->algorithm = info.algorithm;
    pair->has_sign_key = info.sign_bits != 0;
    pair->has_encrypt_key = info.encrypt_bits != 0;
    if (read_promised_cert(key, name, info.has_sign_cert, TOKEN_SIGN, &pair->sign_cert, err) !=
            ERR_NONE ||
        read_promised_cert(key, name, info.has_encrypt_cert, TOKEN_ENCRYPT, &pair->encrypt_cert,
                           err) != ERR_NONE)
        return err->code;
    return ERR_NONE;
}

enum err_code gmt0017_container_read_all(struct gmt0017 *key, struct token_pairs **out,
                                         struct err *err)
{
    struct listing listing = {0};
    if (list_names(key, &listing, err) != ERR_NONE)
        return err->code;
    AUTO(token_pairs_freep)
    struct token_pairs *pairs =
        memory_new(sizeof *pairs + listing.count * sizeof(struct token_pair));
    for (size_t i = 0; i < listing.count; i++) {
        pairs->count = i + 1; /* a half-read pair is freed too */
        if (read_pair(key, listing.name[i], &pairs->pairs[i], err) != ERR_NONE)
            return err_add(err, "read the container %s", listing.name[i]);
    }
    *out = TAKE(pairs);
    return ERR_NONE;
}
