/* A reading has one thread per reader, so that a hung key keeps nobody waiting but itself. A key that an
 * operation holds is not disturbed: what was read of it last is shown. */
#include "agent/ops/op_keys.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "agent/ops/op_cards.h"
#include "agent/ops/op_key.h"
#include "agent/ops/op_seals.h"
#include "base/log.h"
#include "base/problem.h"
#include "base/thread.h"

#define READ_MS 8000
/* Callers who wait for the reading that is under way. */
#define WAITERS_MAX 64

struct waiter {
    void (*done)(void *context, struct json *array);
    void *context;
    enum lang lang;
    bool next; /* the keys changed since the reading under way began: the next one is meant */
};

struct reading;

struct op_keys {
    struct ops *ops;
    struct reading *reading; /* NULL: none is under way */
    size_t waiter_count;
    struct waiter waiters[WAITERS_MAX];
    struct json *last; /* the keys as they were read last, in Chinese; NULL: never */
    struct token_snapshot last_of; /* whose they are, in the same order */
};

/* One reading: made and freed in the loop's thread; its cards belong to their threads until those say
 * that they are done. */
struct reading {
    struct op_keys *keys; /* NULL: nobody waits any more */
    struct ops_options options;
    atomic_bool dropped; /* the threads may stop early */
    struct token_snapshot snapshot;
    size_t count;
    size_t pending;
    struct card {
        struct reading *reading;
        struct token_presence presence;
        bool claimed;
        bool has_thread;
        pthread_t thread;
        struct err err;
        struct token_facts facts;
        struct token_pin_state pin;
        struct token_pairs *pairs;
        struct op_seals *seals;
    } cards[TOKEN_READERS_MAX];
};

/* ---- as JSON ---- */

static const char *const usage_texts[] = {
    [CERT_USAGE_SIGN] = "sign", [CERT_USAGE_ENCRYPT] = "encrypt", [CERT_USAGE_BOTH] = "both",
    [CERT_USAGE_CA] = "ca",     [CERT_USAGE_OTHER] = "other",
};

static void add_cert(struct json *array, const char *container, const struct bytes *der,
                     const struct due_policy *policy)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    struct err ignored = ERR_INIT; /* what can't be read is not shown */
    if (der == NULL || cert_parse(span_bytes(der), &cert, &ignored) != ERR_NONE)
        return;
    const struct cert_facts *facts = cert_peek(cert);
    struct due due = due_judge(facts, policy, clock_now_utc());
    AUTO(memory_freep) char *pem = cert_pem(cert);
    struct json *json = json_new_object();
    json_add_text(json, "container", container);
    json_add_text(json, "usage", usage_texts[facts->usage]);
    json_add_text(json, "subject", facts->subject);
    json_add_text(json, "common_name", facts->common_name);
    json_add_text(json, "organisation", facts->organisation);
    json_add_text(json, "issuer", facts->issuer);
    json_add_text(json, "serial", facts->serial);
    json_add_utc(json, "not_before", facts->not_before_utc);
    json_add_utc(json, "not_after", facts->not_after_utc);
    json_add_text(json, "algorithm", cert_algorithm_text(facts->algorithm));
    json_add_text(json, "sha256", facts->sha256);
    json_add_text(json, "due", op_key_due_text(due.state));
    json_add_bool(json, "expired", due.days_left < 0);
    json_add_integer(json, "days_left", due.days_left < 0 ? 0 : due.days_left);
    json_add_text(json, "pem", pem);
    json_append(array, json);
}

/* The certificate that the key's seals should be bound to; NULL: none. */
static struct cert *current_cert(const struct token_pairs *pairs)
{
    struct cert *cert = NULL;
    struct err ignored = ERR_INIT; /* without it no seal is bound */
    const struct token_pair *pair = op_key_current_pair(pairs);
    if (pair == NULL || cert_parse(span_bytes(pair->sign_cert), &cert, &ignored) != ERR_NONE)
        return NULL;
    return cert;
}

static void add_seal(struct json *array, const struct op_seal *seal, const struct cert *cert)
{
    const struct seal_facts *facts = seal_peek(seal->seal);
    struct json *json = json_new_object();
    json_add_text(json, "file", seal->file);
    json_add_text(json, "id", facts->id);
    json_add_text(json, "name", facts->name);
    json_add_integer(json, "version", facts->version);
    json_add_utc(json, "valid_from", facts->valid_from_utc);
    json_add_utc(json, "valid_until", facts->valid_until_utc);
    json_add_bool(json, "bound", cert != NULL && seal_binds(seal->seal, cert));
    json_add_integer(json, "size", (int64_t)facts->der.len);
    json_append(array, json);
}

static struct json *card_json(const struct card *card, const struct due_policy *policy,
                              enum lang lang)
{
    struct json *json = json_new_object();
    json_add_text(json, "reader", card->presence.reader);
    json_add_bool(json, "supported", card->err.code == ERR_NONE);
    if (card->err.code != ERR_NONE) {
        json_add(json, "error", problem_json(&card->err, lang));
        return json;
    }
    json_add_text(json, "serial", card->facts.serial);
    json_add_text(json, "label", card->facts.label);
    json_add_text(json, "manufacturer", card->facts.manufacturer);
    json_add_text(json, "model", card->facts.model);
    json_add_text(json, "driver", card->facts.driver);
    struct json *pin = json_new_object();
    op_key_add_tries(pin, "max", card->pin.tries_max);
    op_key_add_tries(pin, "left", card->pin.tries_left);
    json_add_bool(pin, "default", card->pin.is_default);
    json_add(json, "pin", pin);
    struct json *certs = json_new_array();
    for (size_t i = 0; i < card->pairs->count; i++) {
        const struct token_pair *pair = &card->pairs->pairs[i];
        add_cert(certs, pair->name, pair->sign_cert, policy);
        add_cert(certs, pair->name, pair->encrypt_cert, policy);
    }
    json_add(json, "certificates", certs);
    AUTO(cert_freep) struct cert *cert = current_cert(card->pairs);
    struct json *seals = json_new_array();
    for (size_t i = 0; card->seals != NULL && i < card->seals->count; i++)
        add_seal(seals, &card->seals->seals[i], cert);
    json_add(json, "seals", seals);
    return json;
}

/* What was read of this card last, while an operation has it; NULL: nothing. */
static struct json *last_json(const struct op_keys *keys, const struct token_presence *presence)
{
    for (size_t i = 0; i < keys->last_of.count; i++)
        if (op_cards_same(&keys->last_of.present[i], presence))
            return json_copy(json_item(keys->last, i));
    return NULL;
}

static struct json *reading_json(const struct reading *reading, enum lang lang)
{
    struct json *array = json_new_array();
    for (size_t i = 0; i < reading->count; i++) {
        const struct card *card = &reading->cards[i];
        struct json *last = card->claimed ? last_json(reading->keys, &card->presence) : NULL;
        json_append(array, last != NULL ? last : card_json(card, &reading->options.due, lang));
    }
    return array;
}

/* ---- in the threads ---- */

/* Files that can't be read, or not in time, don't make a key useless. */
static void read_seals(struct token *token, struct card *card)
{
    struct err err = ERR_INIT;
    if (op_seals_read(token, &card->seals, &err) != ERR_NONE)
        log_err("ops", "read the seals to show them", &err);
}

static enum err_code read_card(struct card *card, struct err *err)
{
    AUTO(token_closep) struct token *token = NULL;
    struct token_source *source = card->reading->options.source;
    struct deadline deadline = deadline_in_ms(READ_MS);
    const struct reading *reading = card->reading;
    if (source->class->open(source, &card->presence, deadline, &token, err) != ERR_NONE)
        return err->code;
    card->facts = *token_peek_facts(token);
    token_set_deadline(token, deadline);
    if (token_begin(token, err) != ERR_NONE)
        return err->code;
    enum err_code code = token_read_pin_state(token, TOKEN_USER, &card->pin, err);
    if (code == ERR_NONE)
        code = token_read_pairs(token, &card->pairs, err);
    if (code == ERR_NONE && !atomic_load(&reading->dropped))
        read_seals(token, card);
    token_end(token);
    return code;
}

static void reading_free(struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        token_pairs_free(reading->cards[i].pairs);
        op_seals_free(reading->cards[i].seals);
    }
    free(reading);
}

/* ---- the answer, in the loop's thread ---- */

/* Whoever asked after the keys had changed stays, for the next reading. */
static size_t take_waiters(struct op_keys *keys, struct waiter out[WAITERS_MAX])
{
    size_t taken = 0, stay = 0;
    for (size_t i = 0; i < keys->waiter_count; i++) {
        struct waiter waiter = keys->waiters[i];
        if (waiter.next)
            keys->waiters[stay++] =
                (struct waiter){waiter.done, waiter.context, waiter.lang, false};
        else
            out[taken++] = waiter;
    }
    keys->waiter_count = stay;
    return taken;
}

static void remember(struct op_keys *keys, const struct reading *reading)
{
    struct json *fresh = reading_json(reading, LANG_ZH); /* it copies from what is remembered */
    json_free(keys->last);
    keys->last = fresh;
    keys->last_of = reading->snapshot;
}

static void start_reading(struct op_keys *keys);

static void reading_done(struct reading *reading)
{
    struct op_keys *keys = reading->keys;
    struct waiter waiters[WAITERS_MAX];
    size_t count = take_waiters(keys, waiters);
    remember(keys, reading);
    keys->reading = NULL;
    for (size_t i = 0; i < count; i++)
        waiters[i].done(waiters[i].context, reading_json(reading, waiters[i].lang));
    if (keys->waiter_count > 0 && keys->reading == NULL)
        start_reading(keys);
}

static void join(struct card *card)
{
    if (card->has_thread)
        pthread_join(card->thread, NULL);
    card->has_thread = false;
}

static void card_done(void *context)
{
    struct card *card = context;
    struct reading *reading = card->reading;
    join(card);
    if (--reading->pending > 0)
        return;
    if (reading->keys != NULL)
        reading_done(reading);
    reading_free(reading);
}

/* ---- in the threads, and starting them ---- */

static void *card_thread(void *context)
{
    struct card *card = context;
    struct loop *loop = card->reading->options.loop;
    card->err = ERR_INIT;
    (void)(read_card(card, &card->err) == ERR_NONE); /* the card keeps the error */
    op_cards_end_reading(card->reading->keys->ops, &card->presence);
    loop_post(loop, card_done, card);
    return NULL;
}

static bool start_card(struct card *card)
{
    struct err ignored = ERR_INIT; /* the card is then shown as busy */
    card->has_thread = thread_start(&card->thread, card_thread, card, &ignored) == ERR_NONE;
    return card->has_thread;
}

static void skip_card(struct op_keys *keys, struct card *card)
{
    card->claimed = true;
    err_set(&card->err, ERR_TOKEN_BUSY, "an operation has this key");
    loop_post(keys->ops->options.loop, card_done, card);
}

static void start_reading(struct op_keys *keys)
{
    struct ops *ops = keys->ops;
    struct reading *reading = memory_new(sizeof *reading);
    ops->options.source->class->snapshot(ops->options.source, &reading->snapshot);
    reading->keys = keys;
    reading->options = ops->options;
    reading->count = reading->snapshot.count;
    reading->pending = reading->count;
    reading->cards[0].reading = reading;
    keys->reading = reading;
    if (reading->count == 0) {
        reading->pending = 1; /* nothing to wait for: done in the loop's next round */
        loop_post(ops->options.loop, card_done, &reading->cards[0]);
    }
    for (size_t i = 0; i < reading->count; i++) {
        struct card *card = &reading->cards[i];
        card->reading = reading;
        card->presence = reading->snapshot.present[i];
        if (!op_cards_begin_reading(ops, &card->presence))
            skip_card(keys, card);
        else if (!start_card(card)) {
            op_cards_end_reading(ops, &card->presence);
            skip_card(keys, card);
        }
    }
}

/* Whether the keys are others than those that are being read. */
static bool is_outdated(const struct op_keys *keys)
{
    struct token_snapshot now;
    struct token_source *source = keys->ops->options.source;
    const struct token_snapshot *then = &keys->reading->snapshot;
    source->class->snapshot(source, &now);
    bool same = now.count == then->count;
    for (size_t i = 0; same && i < now.count; i++)
        same = op_cards_same(&now.present[i], &then->present[i]);
    return !same;
}

void ops_read_tokens(struct ops *ops, enum lang lang,
                     void (*done)(void *context, struct json *array), void *context)
{
    struct op_keys *keys = ops->keys;
    if (keys->waiter_count == WAITERS_MAX) {
        done(context, json_new_array());
        return;
    }
    bool next = keys->reading != NULL && is_outdated(keys);
    keys->waiters[keys->waiter_count++] = (struct waiter){done, context, lang, next};
    if (keys->reading == NULL)
        start_reading(keys);
}

struct op_keys *op_keys_new(struct ops *ops)
{
    struct op_keys *keys = memory_new(sizeof *keys);
    keys->ops = ops;
    return keys;
}

/* Its threads use what is freed next: they are waited for. What they said last frees it. */
static void drop(struct reading *reading)
{
    atomic_store(&reading->dropped, true);
    for (size_t i = 0; i < reading->count; i++)
        join(&reading->cards[i]);
    reading->keys = NULL;
}

void op_keys_free(struct op_keys *keys)
{
    if (keys == NULL)
        return;
    if (keys->reading != NULL)
        drop(keys->reading);
    json_free(keys->last);
    free(keys);
}
