/* The API's calls in jobs of a key: its seal, its PIN, the management key. */
#include "portal/portal_api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/hex.h"
#include "base/log.h"
#include "certs/proof.h"
#include "portal/portal_seal.h"
#include "portal/portal_ticket.h"
#include "tests/unit/portal/api_calls.h"

static struct world_key *key;

static int setup(void **state)
{
    log_set_level(LOG_LEVEL_ERROR);
    if (world_setup(state) != 0)
        return -1;
    key = world_key_new(*state, CERT_SM2, true, 20);
    return 0;
}

static int teardown(void **state)
{
    world_key_freep(&key);
    return world_teardown(state);
}

static struct api_session open_key_session(struct world *world, const struct world_key *of,
                                           const char *kind)
{
    AUTO(portal_job_freep) struct portal_job *job = world_key_job(world, of, kind);
    AUTO(memory_freep) char *secret = NULL;
    struct err err = ERR_INIT;
    world_must(portal_job_secret(world->portal, job->id, &secret, &err), &err);
    return (struct api_session){.loaded = TAKE(job),
                                .authorization = memory_printf("Bearer %s", secret)};
}

static void a_job_of_a_key_has_no_members_for_certificates(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *ticket = NULL;
    struct portal_api_answer answer = {0};
    struct err err = ERR_INIT;
    world_must(
        portal_ticket_add_for_key(world->portal, key->serial, "extend-seal", 300, &ticket, &err),
        &err);
    AUTO(json_freep) struct json *body = api_redeem_body(ticket, key->serial);
    world_must(portal_api_redeem(world->portal, body, &answer, &err), &err);
    AUTO(json_freep) struct json *job = answer.body;
    bool approved = false;
    const struct json_field field = {"approved", JSON_BOOL, false, 0, &approved};
    world_must(json_read(job, &field, 1, JSON_UNKNOWN_IGNORED, &err), &err);
    assert_true(approved);
    assert_string_equal(api_text(job, "kind"), "extend-seal");
    assert_string_equal(api_text(job, "holder"), WORLD_ORGANISATION);
    assert_string_equal(api_text(job, "serial"), key->serial);
    assert_true(strlen(api_text(job, "order")) > 0);
    assert_null(json_member(job, "policy"));
    assert_null(json_member(job, "not_after"));
    assert_null(json_member(job, "seal"));
}

static struct bytes *first_seal(struct world *world, const struct world_key *of)
{
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 1};
    const struct portal_seal_new wish = {of->serial,      "章", 1, SEAL_V4, SEAL_LIST_CERTIFICATES,
                                         SPAN_ARRAY(png), 40,   40};
    struct bytes *der = NULL;
    struct err err = ERR_INIT;
    world_must(portal_seal_add(world->portal, &wish, &der, &err), &err);
    return der;
}

static void a_job_names_the_seal_of_its_ticket(void **state)
{
    struct world *world = *state;
    AUTO(bytes_freep) struct bytes *der = first_seal(world, key);
    AUTO(seal_freep) struct seal *seal = NULL;
    AUTO(memory_freep) char *ticket = NULL;
    struct portal_api_answer answer = {0};
    struct err err = ERR_INIT;
    world_must(seal_parse(span_bytes(der), &seal, &err), &err);
    const char *identity = seal_peek(seal)->id;
    world_must(portal_ticket_add_for_seal(world->portal, key->serial, identity, 300, &ticket, &err),
               &err);
    AUTO(json_freep) struct json *body = api_redeem_body(ticket, key->serial);
    world_must(portal_api_redeem(world->portal, body, &answer, &err), &err);
    AUTO(json_freep) struct json *job = answer.body;
    assert_string_equal(api_text(job, "seal"), identity);
}

static char *ask_seal(struct world *world, const struct api_session *session,
                      const struct json *body)
{
    struct portal_api_answer answer = {0};
    struct err err = ERR_INIT;
    world_must(portal_api_seal(world->portal, session->loaded->id, session->authorization, body,
                               &answer, &err),
               &err);
    assert_int_equal(answer.status, 200);
    char *text = json_print(answer.body);
    json_free(answer.body);
    return text;
}

static void a_whole_extension_repeats_byte_for_byte(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *own = world_key_new(world, CERT_SM2, true, 20);
    AUTO(bytes_freep) struct bytes *present = first_seal(world, own);
    world_renew(world, own);
    AUTO(api_session_done) struct api_session session = open_key_session(world, own, "extend-seal");
    AUTO(bytes_freep)
    struct bytes *proof = world_seal_proof(session.loaded, own->sign, span_bytes(present));
    AUTO(json_freep) struct json *body = json_new_object();
    json_add_base64(body, "seal", span_bytes(present));
    json_add_base64(body, "proof", span_bytes(proof));
    AUTO(memory_freep) char *first = ask_seal(world, &session, body);
    AUTO(memory_freep) char *second = ask_seal(world, &session, body);
    assert_string_equal(first, second);
    AUTO(json_freep) struct json *answer = api_parse(first);
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(seal_freep) struct seal *seal = NULL;
    struct err err = ERR_INIT;
    world_must(base64_decode(api_text(answer, "seal"), SEAL_BYTES_MAX, &der, &err), &err);
    world_must(seal_parse(span_bytes(der), &seal, &err), &err);
    assert_true(seal_binds(seal, own->sign_cert));
    assert_int_equal(json_count(json_member(answer, "chain")), 1);
}

static void a_reset_is_answered_and_confirmed_without_proof(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *own = world_key_new(world, CERT_SM2, true, 20);
    world_reset(world, own, "u");
    AUTO(api_session_done) struct api_session session = open_key_session(world, own, "reset-pin");
    AUTO(json_freep)
    struct json *body = api_parse("{\"purpose\":\"unblock\",\"challenge\":\"AQIDBAUGBwg=\","
                                  "\"application\":\"EAA=\",\"profile\":\"gmt0017-2012\","
                                  "\"administrator_tries\":10}");
    struct portal_api_answer answer = {0};
    struct err err = ERR_INIT;
    world_must(portal_api_unblock(world->portal, session.loaded->id, session.authorization, body,
                                  &answer, &err),
               &err);
    AUTO(json_freep) struct json *answered = answer.body;
    AUTO(bytes_freep) struct bytes *data = NULL;
    world_must(base64_decode(api_text(answered, "data"), 64, &data, &err), &err);
    assert_int_equal(data->len, 20);
    uint8_t digest[32];
    proof_sha256(span_bytes(data), digest);
    AUTO(json_freep) struct json *confirmation = json_new_object();
    json_add_text(confirmation, "outcome", "written");
    json_add_base64(confirmation, "digest", SPAN_ARRAY(digest));
    for (int i = 0; i < 2; i++) {
        struct portal_api_answer acknowledged = {0};
        world_must(portal_api_confirm(world->portal, session.loaded->id, session.authorization,
                                      confirmation, &acknowledged, &err),
                   &err);
        json_free(acknowledged.body);
    }
}

/* One body for a PIV token's job. */
static enum err_code unblock(struct world *world, const struct api_session *session,
                             const char *text, size_t wanted)
{
    AUTO(json_freep) struct json *body = api_parse(text);
    struct portal_api_answer answer = {0};
    struct err err = ERR_INIT;
    if (portal_api_unblock(world->portal, session->loaded->id, session->authorization, body,
                           &answer, &err) != ERR_NONE) {
        assert_null(answer.body);
        return err.code;
    }
    AUTO(json_freep) struct json *answered = answer.body;
    AUTO(bytes_freep) struct bytes *data = NULL;
    world_must(base64_decode(api_text(answered, "data"), 64, &data, &err), &err);
    assert_int_equal(data->len, wanted);
    return ERR_NONE;
}

#define MANAGE "{\"purpose\":\"manage\",\"application\":\"\",\"profile\":\"piv\","

static void a_piv_tokens_management_key_answers(void **state)
{
    static const struct {
        const char *body;
        enum err_code code;
        size_t length;
    } cases[] = {
        {MANAGE "\"algorithm\":\"3des\",\"challenge\":\"AQIDBAUGBwg=\"}", ERR_NONE, 8},
        {MANAGE "\"algorithm\":\"3des\",\"challenge\":\"AQIDBAUGBwg=\"}", ERR_FIELD_VALUE, 0},
        {MANAGE "\"algorithm\":\"aes256\",\"challenge\":\"AAECAwQFBgcICQoLDA0ODw==\","
                "\"administrator_tries\":3}",
         ERR_NONE, 16},
        {MANAGE "\"algorithm\":\"aes256\",\"challenge\":\"AAECAwQFBgcICQoLDA0ODxA=\"}",
         ERR_FIELD_VALUE, 0}, /* 17 bytes */
        {MANAGE "\"algorithm\":\"aes128\",\"challenge\":\"\"}", ERR_FIELD_VALUE, 0},
        {MANAGE "\"challenge\":\"AQIDBAUGBwk=\"}", ERR_FIELD_MISSING, 0},
        {MANAGE "\"algorithm\":\"3des\",\"challenge\":\"AQIDBAUGBwk=\",\"refused\":true}",
         ERR_FIELD_VALUE, 0},
        {MANAGE "\"algorithm\":\"3des\",\"challenge\":\"AQIDBAUGBwk=\",\"refused\":1}",
         ERR_FIELD_TYPE, 0},
        {MANAGE "\"algorithm\":\"3des\",\"challenge\":\"AQIDBAUGBwk=\",\"key\":1}",
         ERR_FIELD_UNKNOWN, 0},
        {MANAGE "\"algorithm\":\"3des3des3des3des3\",\"challenge\":\"AQIDBAUGBwk=\"}",
         ERR_FIELD_VALUE, 0},
        {"{\"purpose\":\"manage\",\"application\":\"EAA=\",\"profile\":\"piv\","
         "\"algorithm\":\"3des\",\"challenge\":\"AQIDBAUGBwk=\"}",
         ERR_FIELD_VALUE, 0},
        {"{\"purpose\":\"unblock\",\"application\":\"\",\"profile\":\"piv\",\"challenge\":\"\"}",
         ERR_TICKET_KIND, 0},
    };
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *own = world_piv_key_new(world, CERT_P256, 20);
    world_renew(world, own);
    AUTO(api_session_done) struct api_session session = open_key_session(world, own, "extend-seal");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        enum err_code code = unblock(world, &session, cases[i].body, cases[i].length);
        if (code != cases[i].code)
            fail_msg("%s: %s", cases[i].body, err_code_text(code));
    }
}

#define RESET "{\"purpose\":\"unblock\",\"profile\":\"piv\","

static void a_piv_tokens_reset_is_answered(void **state)
{
    static const struct {
        const char *body;
        enum err_code code;
    } cases[] = {
        {RESET "\"application\":\"\",\"challenge\":\"\",\"refused\":true}", ERR_FIELD_VALUE},
        {RESET "\"application\":\"\",\"challenge\":\"AQIDBAUGBwk=\"}", ERR_FIELD_VALUE},
        {RESET "\"application\":\"EAA=\",\"challenge\":\"\"}", ERR_FIELD_VALUE},
        {RESET "\"application\":\"\",\"challenge\":\"\",\"algorithm\":\"3des\"}",
         ERR_FIELD_UNKNOWN},
        {RESET "\"application\":\"\",\"challenge\":\"\",\"administrator_tries\":1}",
         ERR_ADMIN_PIN_LOW},
        {RESET "\"application\":\"\",\"challenge\":\"\",\"administrator_tries\":0}",
         ERR_ADMIN_PIN_LOW},
        {"{\"purpose\":\"login\",\"profile\":\"piv\",\"application\":\"\",\"challenge\":\"\"}",
         ERR_FIELD_VALUE},
        {"{\"purpose\":\"unblock\",\"profile\":\"gmt0017-2012\",\"application\":\"EAA=\","
         "\"challenge\":\"AQIDBAUGBwk=\",\"administrator_tries\":10}",
         ERR_PROFILE_UNKNOWN},
        {MANAGE "\"algorithm\":\"3des\",\"challenge\":\"AQIDBAUGBwk=\"}", ERR_TICKET_KIND},
        {RESET "\"application\":\"\",\"challenge\":\"\",\"administrator_tries\":2}", ERR_NONE},
        {RESET "\"application\":\"\",\"challenge\":\"\"}", ERR_NONE},
    };
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *own = world_piv_key_new(world, CERT_P256, 20);
    world_reset(world, own, "piv");
    AUTO(api_session_done) struct api_session session = open_key_session(world, own, "reset-pin");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        enum err_code code = unblock(world, &session, cases[i].body, 24);
        if (code != cases[i].code)
            fail_msg("%s: %s", cases[i].body, err_code_text(code));
    }
}

/* Tries that are not told are no way around their limit. */
static void a_gmt0017_key_says_its_tries(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *own = world_key_new(world, CERT_SM2, true, 20);
    world_reset(world, own, "mute");
    AUTO(api_session_done) struct api_session session = open_key_session(world, own, "reset-pin");
    assert_int_equal(unblock(world, &session,
                             "{\"purpose\":\"unblock\",\"profile\":\"gmt0017-2012\","
                             "\"application\":\"EAA=\",\"challenge\":\"AQIDBAUGBwk=\"}",
                             20),
                     ERR_FIELD_MISSING);
    assert_int_equal(unblock(world, &session,
                             "{\"purpose\":\"unblock\",\"profile\":\"gmt0017-2012\","
                             "\"application\":\"EAA=\",\"challenge\":\"AQIDBAUGBwk=\","
                             "\"administrator_tries\":10,\"refused\":true}",
                             20),
                     ERR_FIELD_VALUE);
}

static void hostile_bodies_for_seal_and_unblock_get_their_code(void **state)
{
    static const struct {
        const char *body;
        enum err_code seal, unblock;
    } cases[] = {
        {"{}", ERR_FIELD_MISSING, ERR_FIELD_MISSING},
        {"[]", ERR_FIELD_TYPE, ERR_FIELD_TYPE},
        {"{\"seal\":\"AAAA\"}", ERR_FIELD_MISSING, ERR_FIELD_UNKNOWN},
        {"{\"seal\":1,\"proof\":\"AAAA\"}", ERR_FIELD_TYPE, ERR_FIELD_UNKNOWN},
        {"{\"seal\":\"AAAA\",\"proof\":\"AAAA\"}", ERR_TICKET_KIND, ERR_FIELD_UNKNOWN},
        {"{\"purpose\":\"unblock\",\"challenge\":\"AQIDBAUGBwgJ\",\"application\":\"EAA=\","
         "\"profile\":\"gmt0017-2012\",\"administrator_tries\":10}",
         ERR_FIELD_UNKNOWN, ERR_FIELD_VALUE},
        {"{\"purpose\":\"unblock\",\"challenge\":\"AQIDBAUGBw==\",\"application\":\"EAA=\","
         "\"profile\":\"gmt0017-2012\",\"administrator_tries\":10}",
         ERR_FIELD_UNKNOWN, ERR_FIELD_VALUE},
        {"{\"purpose\":\"unblock\",\"challenge\":\"AQIDBAUGBwk=\",\"application\":\"EAA=\","
         "\"profile\":\"gmt0017-2012\",\"administrator_tries\":-1}",
         ERR_FIELD_UNKNOWN, ERR_FIELD_VALUE},
        {"{\"purpose\":\"unblock\",\"challenge\":\"AQIDBAUGBwk=\",\"application\":\"EAA=\","
         "\"profile\":\"gmt0017-2012\",\"administrator_tries\":10,\"pin\":\"1\"}",
         ERR_FIELD_UNKNOWN, ERR_FIELD_UNKNOWN},
        {"{\"purpose\":\"unblock\",\"challenge\":\"AQIDBAUGBwk=\",\"application\":\"EAA=\","
         "\"profile\":\"gmt0017-2012\",\"administrator_tries\":3}",
         ERR_FIELD_UNKNOWN, ERR_ADMIN_PIN_LOW},
    };
    struct world *world = *state;
    world_reset(world, key, "hostile");
    AUTO(api_session_done) struct api_session session = open_key_session(world, key, "reset-pin");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(json_freep) struct json *body = api_parse(cases[i].body);
        struct portal_api_answer answer = {0};
        struct err first = ERR_INIT;
        struct err second = ERR_INIT;
        if (portal_api_seal(world->portal, session.loaded->id, session.authorization, body, &answer,
                            &first) != cases[i].seal ||
            portal_api_unblock(world->portal, session.loaded->id, session.authorization, body,
                               &answer, &second) != cases[i].unblock)
            fail_msg("%s: %s, %s", cases[i].body, err_code_text(first.code),
                     err_code_text(second.code));
        assert_null(answer.body);
        struct err third = ERR_INIT;
        assert_int_equal(
            portal_api_seal(world->portal, session.loaded->id, "Bearer x", body, &answer, &third),
            ERR_JOB_FORBIDDEN);
        assert_int_equal(
            portal_api_unblock(world->portal, session.loaded->id, NULL, body, &answer, &third),
            ERR_JOB_FORBIDDEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_of_a_key_has_no_members_for_certificates),
        cmocka_unit_test(a_job_names_the_seal_of_its_ticket),
        cmocka_unit_test(a_whole_extension_repeats_byte_for_byte),
        cmocka_unit_test(a_reset_is_answered_and_confirmed_without_proof),
        cmocka_unit_test(a_piv_tokens_management_key_answers),
        cmocka_unit_test(a_piv_tokens_reset_is_answered),
        cmocka_unit_test(a_gmt0017_key_says_its_tries),
        cmocka_unit_test(hostile_bodies_for_seal_and_unblock_get_their_code),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
