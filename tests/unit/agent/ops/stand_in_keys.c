#include "tests/unit/agent/ops/stand_in_keys.h"

#include <openssl/pem.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "token/virtual/virtual_personal.h"
#include "token/virtual/virtual_piv_make.h"

/* ---- keys ---- */

static void snapshot(struct token_source *source, struct token_snapshot *out)
{
    const struct stand_in_keys *keys = (const struct stand_in_keys *)source;
    *out = (struct token_snapshot){.service = keys->service, .count = keys->count};
    for (size_t i = 0; i < keys->count; i++) {
        snprintf(out->present[i].reader, sizeof out->present[i].reader, "Reader %zu", i);
        out->present[i].sequence = i + 1;
    }
}

static void add_faults(struct channel *channel, const char *faults)
{
    struct err err = ERR_INIT;
    while (faults != NULL && *faults != '\0') {
        const char *comma = strchr(faults, ',');
        int length = comma != NULL ? (int)(comma - faults) : (int)strlen(faults);
        AUTO(memory_freep) char *fault = memory_printf("%.*s", length, faults);
        assert_int_equal(virtual_fault_add_text(virtual_channel_faults(channel), fault, &err),
                         ERR_NONE);
        faults = comma != NULL ? comma + 1 : NULL;
    }
}

static enum err_code open_key(struct token_source *source, const struct token_presence *presence,
                              struct deadline deadline, struct token **out, struct err *err)
{
    static const struct token_settings settings;
    struct stand_in_keys *keys = (struct stand_in_keys *)source;
    size_t index = (size_t)presence->sequence - 1;
    if (index >= keys->count)
        return err_set(err, ERR_NO_TOKEN, "pulled out");
    while (keys->silent == index + 1)
        usleep(1000);
    struct channel *channel = virtual_channel_open(keys->cards[index]);
    add_faults(channel, atomic_exchange(&keys->next_fault, NULL));
    return token_open(channel, presence->reader, &settings, deadline, out, err);
}

static const struct token_source_class source_class = {snapshot, open_key};

void stand_in_keys_init(struct stand_in_keys *keys)
{
    *keys = (struct stand_in_keys){.source = {&source_class}};
}

void stand_in_keys_done(struct stand_in_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        virtual_card_freep(&keys->cards[i]);
}

static struct virtual_issuer *issuer_of(const struct stand_in_platform *platform)
{
    char folder[] = "/tmp/ukeyd-issuer-XXXXXX";
    assert_non_null(mkdtemp(folder));
    AUTO(memory_freep) char *cert_path = file_join(folder, "ca.pem");
    AUTO(memory_freep) char *key_path = file_join(folder, "ca.key");
    struct err err = ERR_INIT;
    const struct span ders[] = {span_bytes(platform->ca)};
    AUTO(memory_freep) char *pem = fixture_pem(ders, 1);
    assert_int_equal(file_write_atomic(cert_path, span_text(pem), 0600, &err), ERR_NONE);
    FILE *file = fopen(key_path, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, platform->ca_key->key, NULL, NULL, 0, NULL, NULL),
                     1);
    fclose(file);
    struct virtual_issuer *issuer = NULL;
    assert_int_equal(virtual_issuer_open(cert_path, key_path, &issuer, &err), ERR_NONE);
    unlink(cert_path);
    unlink(key_path);
    rmdir(folder);
    return issuer;
}

static const struct virtual_subject subject = {
    .organisation = "Org",
    .holder = "holder",
    .not_before_utc = FIXTURE_NOW - 345 * FIXTURE_DAY,
    .not_after_utc = FIXTURE_NOW + 20 * FIXTURE_DAY,
};

static struct virtual_card *make_gmt0017(const struct virtual_issuer *issuer, const char *serial,
                                         const char *profile, bool rsa)
{
    const struct virtual_personal wish = {
        .profile = virtual_profile_find(profile),
        .serial = serial,
        .pin = "123456",
        .admin_pin = "12345678",
        .container = "bidder",
        .kind = rsa ? VIRTUAL_PAIR_RSA : VIRTUAL_PAIR_SM2,
        .single = rsa,
        .subject = subject,
    };
    struct virtual_objects *objects = NULL;
    struct err err = ERR_INIT;
    if (virtual_personal_make(&wish, issuer, &objects, &err) != ERR_NONE)
        fail_msg("personalise a key: %s", err.detail);
    return virtual_card_new(objects, NULL);
}

static struct virtual_card *make_piv(const struct virtual_issuer *issuer, const char *serial,
                                     const struct virtual_piv_profile *profile, bool rsa)
{
    const struct virtual_piv_wish wish = {
        .profile = profile,
        .serial = serial,
        .pin = "123456",
        .puk = STAND_IN_PIV_PUK,
        .management_key = stand_in_piv_key(virtual_piv_crypto_name(profile->management)),
        .kind = rsa ? VIRTUAL_PAIR_RSA : VIRTUAL_PAIR_P256,
        .subject = subject,
    };
    struct virtual_piv_objects *objects = NULL;
    struct err err = ERR_INIT;
    if (virtual_piv_make(&wish, issuer, &objects, &err) != ERR_NONE)
        fail_msg("personalise a PIV token: %s", err.detail);
    return virtual_card_new_piv(objects, NULL);
}

void stand_in_keys_add(struct stand_in_keys *keys, const struct stand_in_platform *platform,
                       const char *serial, const char *profile, bool rsa)
{
    AUTO(virtual_issuer_freep) struct virtual_issuer *issuer = issuer_of(platform);
    const struct virtual_piv_profile *piv = virtual_piv_profile_find(profile);
    keys->cards[keys->count++] = piv != NULL ? make_piv(issuer, serial, piv, rsa)
                                             : make_gmt0017(issuer, serial, profile, rsa);
    keys->service = TOKEN_SERVICE_OK;
}

void stand_in_keys_put_file(struct stand_in_keys *keys, size_t index, const char *name,
                            struct span content)
{
    struct err err = ERR_INIT;
    if (content.len > 0) {
        assert_int_equal(virtual_card_put_file(keys->cards[index], name, content, &err), ERR_NONE);
        return;
    }
    const struct virtual_objects *peeked = virtual_card_objects(keys->cards[index]);
    struct virtual_objects *objects = NULL;
    memcpy(&objects, &peeked, sizeof objects);
    struct virtual_application *application = objects->applications[0];
    virtual_objects_remove_file(application, virtual_objects_file(application, span_text(name)));
}

char *stand_in_keys_describe(const struct stand_in_keys *keys, size_t index)
{
    return virtual_card_describe(keys->cards[index]);
}

/* ---- the person ---- */

static const char *next_answer(struct stand_in_person *person,
                               const struct prompt_question *question)
{
    snprintf(person->last_description, sizeof person->last_description, "%s",
             question->description);
    snprintf(person->last_error, sizeof person->last_error, "%s",
             question->error != NULL ? question->error : "");
    assert_true(person->asked < ARRAY_SIZE(person->answers));
    return person->answers[person->asked++];
}

static enum err_code answer_failure(const char *answer, const struct cancel *cancel,
                                    struct err *err)
{
    struct pollfd poll_fd = {.fd = cancel_fd(cancel), .events = POLLIN};
    if (answer == NULL) {
        poll(&poll_fd, 1, 10000);
        return err_set(err, ERR_CANCELLED, "withdrawn");
    }
    if (strcmp(answer, "timeout") == 0)
        return err_set(err, ERR_PROMPT_TIMEOUT, "nobody there");
    return err_set(err, ERR_PROMPT_CANCELLED, "said no");
}

static bool is_answer(const char *answer)
{
    return answer != NULL && strcmp(answer, "timeout") != 0 && strcmp(answer, "cancel") != 0;
}

static enum err_code ask_pin(struct prompt *prompt, const struct prompt_question *question,
                             const struct cancel *cancel, struct secret **out, struct err *err)
{
    const char *answer = next_answer((struct stand_in_person *)prompt, question);
    while (((struct stand_in_person *)prompt)->holds)
        usleep(1000);
    if (!is_answer(answer))
        return answer_failure(answer, cancel, err);
    assert_int_equal(secret_new(PROMPT_PIN_BYTES_MAX, out, err), ERR_NONE);
    memcpy(secret_room(*out), answer, strlen(answer));
    secret_set_length(*out, strlen(answer));
    return ERR_NONE;
}

static enum err_code ask_confirm(struct prompt *prompt, const struct prompt_question *question,
                                 const struct cancel *cancel, struct err *err)
{
    struct stand_in_person *person = (struct stand_in_person *)prompt;
    const char *answer = next_answer(person, question);
    person->confirms++;
    while (person->holds)
        usleep(1000);
    return is_answer(answer) ? ERR_NONE : answer_failure(answer, cancel, err);
}

static enum err_code ask_new_pin(struct prompt *prompt, const struct prompt_new_pin *question,
                                 const struct cancel *cancel, struct secret **out, struct err *err)
{
    struct stand_in_person *person = (struct stand_in_person *)prompt;
    if (ask_pin(prompt, &question->question, cancel, out, err) != ERR_NONE)
        return err->code;
    person->new_pins++;
    person->last_quality = question->quality(question->context, secret_peek(*out));
    return ERR_NONE;
}

static const struct prompt_class prompt_class = {ask_pin, ask_confirm, ask_new_pin};

void stand_in_person_init(struct stand_in_person *person)
{
    *person = (struct stand_in_person){.prompt = {&prompt_class}};
}
