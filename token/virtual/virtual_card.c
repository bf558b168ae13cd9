#include "token/virtual/virtual_card.h"

#include <assert.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "token/virtual/virtual_family.h"
#include "token/virtual/virtual_gmt0017.h"
#include "token/virtual/virtual_piv.h"
#include "token/virtual/virtual_state.h"

static const struct virtual_family *const families[] = {
    &virtual_gmt0017_family, /* first: its files need not name it */
    &virtual_piv_family,
};

void virtual_card_init(struct virtual_card *card, const struct virtual_family *family,
                       const char *path)
{
    *card = (struct virtual_card){.family = family, .path = memory_text(path)};
}

struct virtual_card *virtual_card_new(struct virtual_objects *objects, const char *path)
{
    return virtual_gmt0017_new(objects, path);
}

struct virtual_card *virtual_card_new_piv(struct virtual_piv_objects *objects, const char *path)
{
    return virtual_piv_new(objects, path);
}

/* ---- the file ---- */

/* NULL: a family that nobody knows. Text that is no JSON is left to the first family's parser. */
static const struct virtual_family *family_of(struct span text)
{
    struct err ignored = ERR_INIT;
    AUTO(json_freep) struct json *root = NULL;
    const struct json *member = NULL;
    if (json_parse(text, VIRTUAL_STATE_BYTES_MAX, &root, &ignored) == ERR_NONE)
        member = json_member(root, "family");
    if (member == NULL)
        return families[0];
    const char *name = json_text_of(member);
    for (size_t i = 0; name != NULL && i < ARRAY_SIZE(families); i++)
        if (strcmp(families[i]->name, name) == 0)
            return families[i];
    return NULL;
}

enum err_code virtual_card_load(const char *path, struct virtual_card **out, struct err *err)
{
    AUTO(virtual_pair_wipe_der) struct bytes *text = NULL;
    if (file_read(path, VIRTUAL_STATE_BYTES_MAX, &text, err) != ERR_NONE)
        return err->code;
    const struct virtual_family *family = family_of(span_bytes(text));
    if (family == NULL)
        return err_set(err, ERR_FIELD_VALUE, "%s: an unknown family of keys", path);
    if (family->parse(span_bytes(text), path, out, err) != ERR_NONE)
        return err_add(err, "%s", path);
    return ERR_NONE;
}

enum err_code virtual_card_save(const struct virtual_card *card, const char *path, struct err *err)
{
    AUTO(virtual_state_wipe_text) char *text = NULL;
    if (card->family->print(card, &text, err) != ERR_NONE)
        return err->code;
    return file_write_atomic(path, span_text(text), VIRTUAL_STATE_MODE, err);
}

bool virtual_card_save_change(struct virtual_card *card)
{
    struct err err = ERR_INIT;
    card->unsaved_count = false;
    if (card->path == NULL || virtual_card_save(card, card->path, &err) == ERR_NONE)
        return true;
    log_err("virtual", "save the key's state", &err);
    return false;
}

/* ---- power ---- */

void virtual_card_power_on(struct virtual_card *card)
{
    card->family->lose_power(card);
    card->powered = true;
}

void virtual_card_power_off(struct virtual_card *card)
{
    card->family->lose_power(card);
    card->powered = false;
    if (card->unsaved_count)
        virtual_card_save_change(card);
}

void virtual_card_reset(struct virtual_card *card)
{
    card->family->lose_power(card);
}

void virtual_card_free(struct virtual_card *card)
{
    if (card == NULL)
        return;
    virtual_card_power_off(card);
    card->family->done(card);
    free(card->path);
    virtual_crypto_wipe(card->forced_random, sizeof card->forced_random);
    free(card);
}

void virtual_card_freep(struct virtual_card **card)
{
    virtual_card_free(*card);
    *card = NULL;
}

struct span virtual_card_atr(const struct virtual_card *card)
{
    return card->family->atr(card);
}

/* ---- commands ---- */

struct bytes *virtual_card_answer(struct span data, uint16_t status)
{
    struct bytes *answer = bytes_new_size(data.len + VIRTUAL_STATUS_BYTES);
    if (data.len > 0)
        memcpy(answer->at, data.at, data.len);
    answer->at[data.len] = (uint8_t)(status >> 8);
    answer->at[data.len + 1] = (uint8_t)status;
    return answer;
}

struct bytes *virtual_card_process(struct virtual_card *card, struct span command)
{
    if (!card->powered)
        virtual_card_power_on(card);
    card->unsaved_count = true;
    return card->family->process(card, command);
}

void virtual_card_set_random(struct virtual_card *card, struct span bytes)
{
    assert(bytes.len <= sizeof card->forced_random);
    memcpy(card->forced_random, bytes.at, bytes.len);
    card->forced_random_len = bytes.len;
}

uint64_t virtual_card_count(const struct virtual_card *card, uint8_t ins)
{
    return card->counts[ins];
}

void virtual_card_clear_counts(struct virtual_card *card)
{
    memset(card->counts, 0, sizeof card->counts);
}

/* ---- what a family knows ---- */

const char *virtual_card_family(const struct virtual_card *card)
{
    return card->family->name;
}

const char *virtual_card_serial(const struct virtual_card *card)
{
    return card->family->peek_serial(card);
}

const struct virtual_objects *virtual_card_objects(const struct virtual_card *card)
{
    return card->family == &virtual_gmt0017_family ? virtual_gmt0017_objects(card) : NULL;
}

const struct virtual_piv_objects *virtual_card_piv_objects(const struct virtual_card *card)
{
    return card->family == &virtual_piv_family ? virtual_piv_peek_objects(card) : NULL;
}

char *virtual_card_describe(const struct virtual_card *card)
{
    return card->family->describe(card);
}

enum err_code virtual_card_put_file(struct virtual_card *card, const char *name,
                                    struct span content, struct err *err)
{
    return card->family->put_file(card, name, content, err);
}

const struct virtual_pair *virtual_card_pair_for(const struct virtual_card *card,
                                                 struct span certificate)
{
    return card->family->pair_for(card, certificate);
}

const char *virtual_card_command_name(const struct virtual_card *card, uint8_t ins)
{
    const char *name = card->family->command_name(ins);
    return name == NULL ? "unknown" : name;
}

uint32_t virtual_card_latency_ms(const struct virtual_card *card, uint8_t ins)
{
    return card->family->latency_ms(ins);
}
