/* SELECT, GET DATA and PUT DATA. Source: SP 800-73-4 Part 2, 3.1 and 3.3.1. */
#include "base/memory.h"
#include "token/virtual/virtual_crypto.h"
#include "token/virtual/virtual_piv_call.h"
#include "token/virtual/virtual_piv_tlv.h"

#define BY_NAME 0x04 /* P1 of SELECT */
#define CURRENT 0x3F /* P1 of GET DATA and PUT DATA; P2 is FF */
#define TAG_LIST 0x5C
#define DISCRETIONARY 0x53
/* Selecting by a shorter name is left to the token. */
#define NAME_BYTES_MIN 5
#define PIN_USAGE_POLICY 0x40 /* the application's PIN, not the global one */
#define TEMPLATE_BYTES_MAX 256

static const uint8_t application[] = {0xA0, 0x00, 0x00, 0x03, 0x08, 0x00,
                                      0x00, 0x10, 0x00, 0x01, 0x00};
/* Without the provider's number, which stands in 79. */
#define EXTENSION_AT 5

/* Readable with the PIN only. Source: SP 800-73-4 Part 1, Table 2. */
static const uint32_t guarded[] = {0x5FC103, 0x5FC108, 0x5FC109, 0x5FC121};

static void put_algorithms(struct virtual_piv_call *call, struct buf *out)
{
    AUTO(buf_done) struct buf list = BUF_INIT(TEMPLATE_BYTES_MAX);
    static const enum virtual_pair_kind kinds[] = {VIRTUAL_PAIR_RSA, VIRTUAL_PAIR_P256,
                                                   VIRTUAL_PAIR_P384, VIRTUAL_PAIR_SM2};
    virtual_piv_tlv_put_u8(&list, 0x80, call->objects->cipher);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (virtual_piv_profile_makes(call->profile, kinds[i]))
            virtual_piv_tlv_put_u8(&list, 0x80, virtual_piv_crypto_algorithm(kinds[i]));
    virtual_piv_tlv_put_u8(&list, 0x06, 0); /* object identifier: none */
    virtual_piv_tlv_put(out, 0xAC, buf_span(&list));
}

/* Source: SP 800-73-4 Part 2, Table 3. */
static void put_properties(struct virtual_piv_call *call)
{
    AUTO(buf_done) struct buf fields = BUF_INIT(TEMPLATE_BYTES_MAX);
    AUTO(buf_done) struct buf authority = BUF_INIT(TEMPLATE_BYTES_MAX);
    const struct virtual_name *label = &call->objects->label;
    virtual_piv_tlv_put(&fields, 0x4F,
                        span_of(application + EXTENSION_AT, sizeof application - EXTENSION_AT));
    virtual_piv_tlv_put(&authority, 0x4F, span_of(application, EXTENSION_AT));
    virtual_piv_tlv_put(&fields, 0x79, buf_span(&authority));
    if (label->len > 0)
        virtual_piv_tlv_put(&fields, 0x50, span_of(label->at, label->len));
    put_algorithms(call, &fields);
    virtual_piv_tlv_put(call->out, 0x61, buf_span(&fields));
}

uint16_t virtual_piv_data_select(struct virtual_piv_call *call)
{
    const struct virtual_piv_command *command = call->command;
    if (command->p1 != BY_NAME || command->p2 != 0)
        return VIRTUAL_PIV_SW_P1P2;
    if (command->data.len < NAME_BYTES_MIN || command->data.len > sizeof application ||
        !span_equal(command->data, span_of(application, command->data.len)))
        return VIRTUAL_PIV_SW_NOT_FOUND;
    virtual_crypto_wipe(call->session, sizeof *call->session);
    call->session->selected = true;
    put_properties(call);
    return VIRTUAL_PIV_SW_OK;
}

/* ---- objects ---- */

static bool read_tag(struct span value, uint32_t *out)
{
    uint32_t tag = 0;
    if (value.len == 0 || value.len > 3)
        return false;
    for (size_t i = 0; i < value.len; i++)
        tag = tag << 8 | value.at[i];
    *out = tag;
    return true;
}

static void put_discovery(struct virtual_piv_call *call)
{
    static const uint8_t policy[] = {PIN_USAGE_POLICY, 0};
    AUTO(buf_done) struct buf fields = BUF_INIT(TEMPLATE_BYTES_MAX);
    virtual_piv_tlv_put(&fields, 0x4F, SPAN_ARRAY(application));
    virtual_piv_tlv_put(&fields, 0x5F2F, SPAN_ARRAY(policy));
    virtual_piv_tlv_put(call->out, VIRTUAL_PIV_DISCOVERY, buf_span(&fields));
}

static bool is_guarded(uint32_t tag)
{
    for (size_t i = 0; i < ARRAY_SIZE(guarded); i++)
        if (guarded[i] == tag)
            return true;
    return false;
}

uint16_t virtual_piv_data_get(struct virtual_piv_call *call)
{
    const struct virtual_piv_command *command = call->command;
    struct span list;
    uint32_t tag = 0;
    if (command->p1 != CURRENT || command->p2 != 0xFF)
        return VIRTUAL_PIV_SW_P1P2;
    if (!virtual_piv_tlv_only(command->data, TAG_LIST, &list) || !read_tag(list, &tag))
        return VIRTUAL_PIV_SW_DATA;
    if (tag == VIRTUAL_PIV_DISCOVERY) {
        put_discovery(call);
        return VIRTUAL_PIV_SW_OK;
    }
    if (is_guarded(tag) && !call->session->pin_verified)
        return VIRTUAL_PIV_SW_SECURITY;
    const struct bytes *content = virtual_piv_objects_get(call->objects, tag);
    if (content == NULL ||
        (content->len == 0 && call->profile->emptied == VIRTUAL_PIV_EMPTIED_MISSING))
        return VIRTUAL_PIV_SW_NOT_FOUND;
    virtual_piv_tlv_put_head(call->out, DISCRETIONARY,
                             content->len + virtual_piv_objects_missing(call->objects, tag));
    buf_add(call->out, span_bytes(content));
    return VIRTUAL_PIV_SW_OK;
}

static uint16_t put(struct virtual_piv_call *call, uint32_t tag, struct span content)
{
    if (content.len == 0 && call->profile->emptied == VIRTUAL_PIV_EMPTIED_MISSING)
        virtual_piv_objects_remove(call->objects, tag);
    else if (!virtual_piv_objects_put(call->objects, tag, content))
        return VIRTUAL_PIV_SW_NO_SPACE;
    call->changed = true;
    return VIRTUAL_PIV_SW_OK;
}

/* The object that PUT DATA is about; *out_rest is what stands behind its tag. */
static uint16_t find_object(struct virtual_piv_call *call, uint32_t *out_tag, struct span *out_rest)
{
    const struct virtual_piv_command *command = call->command;
    struct span rest = command->data;
    struct span list;
    uint32_t field = 0;
    if (command->p1 != CURRENT || command->p2 != 0xFF)
        return VIRTUAL_PIV_SW_P1P2;
    if (!call->session->managed)
        return VIRTUAL_PIV_SW_SECURITY;
    if (!virtual_piv_tlv_next(&rest, &field, &list) || field != TAG_LIST ||
        !read_tag(list, out_tag))
        return VIRTUAL_PIV_SW_DATA;
    *out_rest = rest;
    return VIRTUAL_PIV_SW_OK;
}

static uint16_t check_object(const struct virtual_piv_call *call, uint32_t tag)
{
    if (!virtual_piv_objects_knows(call->objects, tag))
        return VIRTUAL_PIV_SW_NOT_FOUND;
    if (tag == VIRTUAL_PIV_DISCOVERY || tag == VIRTUAL_PIV_BIOMETRIC_GROUP)
        return VIRTUAL_PIV_SW_DATA; /* kept by the token itself; not carried in 53 */
    return VIRTUAL_PIV_SW_OK;
}

uint16_t virtual_piv_data_put(struct virtual_piv_call *call)
{
    struct span rest;
    struct span content;
    uint32_t tag = 0;
    uint16_t status = find_object(call, &tag, &rest);
    if (status == VIRTUAL_PIV_SW_OK && !virtual_piv_tlv_only(rest, DISCRETIONARY, &content))
        status = VIRTUAL_PIV_SW_DATA;
    if (status == VIRTUAL_PIV_SW_OK)
        status = check_object(call, tag);
    return status == VIRTUAL_PIV_SW_OK ? put(call, tag, content) : status;
}

uint16_t virtual_piv_data_put_beginning(struct virtual_piv_call *call)
{
    struct span rest;
    struct span content;
    size_t length = 0;
    uint32_t tag = 0;
    uint16_t status = find_object(call, &tag, &rest);
    if (status == VIRTUAL_PIV_SW_OK &&
        !virtual_piv_tlv_beginning(rest, DISCRETIONARY, &content, &length))
        status = VIRTUAL_PIV_SW_DATA;
    if (status == VIRTUAL_PIV_SW_OK)
        status = check_object(call, tag);
    if (status == VIRTUAL_PIV_SW_OK)
        status = put(call, tag, content);
    if (status == VIRTUAL_PIV_SW_OK)
        virtual_piv_objects_cut_off(call->objects, tag, length - content.len);
    return status;
}
