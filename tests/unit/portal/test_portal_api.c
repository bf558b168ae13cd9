#include "portal/portal_api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/hex.h"
#include "base/log.h"
#include "certs/proof.h"
#include "tests/unit/portal/api_calls.h"

static struct world_key *key;
static char *order;

static int setup(void **state)
{
    log_set_level(LOG_LEVEL_ERROR);
    if (world_setup(state) != 0)
        return -1;
    key = world_key_new(*state, CERT_SM2, true, 20);
    order = world_order(*state, key, false, true);
    return 0;
}

static int teardown(void **state)
{
    free(order);
    world_key_freep(&key);
    return world_teardown(state);
}

static struct json *redeem(struct world *world)
{
    AUTO(memory_freep) char *ticket = world_ticket(world, order, "renew");
    AUTO(json_freep) struct json *body = api_redeem_body(ticket, key->serial);
    struct portal_api_answer answer = {0};
    struct err err = ERR_INIT;
    world_must(portal_api_redeem(world->portal, body, &answer, &err), &err);
    assert_int_equal(answer.status, 200);
    return answer.body;
}

static void a_redeemed_job_has_every_member_of_the_contract(void **state)
{
    AUTO(json_freep) struct json *job = redeem(*state);
    const char *id = NULL, *secret = NULL, *kind = NULL, *expires = NULL, *number = NULL;
    const char *holder = NULL, *serial = NULL, *not_after = NULL;
    AUTO(bytes_freep) struct bytes *challenge = NULL;
    bool approved = false;
    const struct json *policy = NULL;
    const struct json_field fields[] = {
        {"id", JSON_TEXT, false, 32, &id},
        {"secret", JSON_TEXT, false, 128, &secret},
        {"kind", JSON_TEXT, false, 16, &kind},
        {"challenge", JSON_BASE64, false, 32, &challenge},
        {"expires", JSON_TEXT, false, 20, &expires},
        {"order", JSON_TEXT, false, 32, &number},
        {"holder", JSON_TEXT, false, 192, &holder},
        {"serial", JSON_TEXT, false, 64, &serial},
        {"approved", JSON_BOOL, false, 0, &approved},
        {"not_after", JSON_TEXT, false, 20, &not_after},
        {"policy", JSON_OBJECT, false, 0, &policy},
    };
    struct err err = ERR_INIT;
    world_must(json_read(job, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, &err), &err);
    assert_string_equal(kind, "renew");
    assert_string_equal(holder, WORLD_ORGANISATION);
    assert_string_equal(expires, "2026-01-01T01:00:00Z");
    assert_string_equal(not_after, "2027-01-21T00:00:00Z");
    assert_true(approved);
    assert_string_equal(api_text(policy, "key"), "keep");
    assert_string_equal(api_text(policy, "algorithm"), "sm2");
}

static void hostile_redemptions_get_their_code_and_change_nothing(void **state)
{
    static const struct {
        const char *body;
        enum err_code code;
    } cases[] = {
        {"[]", ERR_FIELD_TYPE},
        {"{}", ERR_FIELD_MISSING},
        {"{\"ticket\":null,\"agent\":\"a\",\"token\":{\"serial\":\"s\"},\"certificates\":[]}",
         ERR_FIELD_MISSING},
        {"{\"ticket\":1,\"agent\":\"a\",\"token\":{\"serial\":\"s\"},\"certificates\":[]}",
         ERR_FIELD_TYPE},
        {"{\"ticket\":\"\",\"agent\":\"a\",\"token\":{\"serial\":\"s\"},\"certificates\":[]}",
         ERR_FIELD_VALUE},
        {"{\"ticket\":\"t\",\"agent\":\"a\",\"token\":\"s\",\"certificates\":[]}", ERR_FIELD_TYPE},
        {"{\"ticket\":\"t\",\"agent\":\"a\",\"token\":{},\"certificates\":[]}", ERR_FIELD_MISSING},
        {"{\"ticket\":\"t\",\"agent\":\"a\",\"token\":{\"serial\":\"s\",\"pin\":\"1\"},"
         "\"certificates\":[]}",
         ERR_FIELD_UNKNOWN},
        {"{\"ticket\":\"t\",\"agent\":\"a\",\"token\":{\"serial\":\"s\"},\"certificates\":[],"
         "\"x\":1}",
         ERR_FIELD_UNKNOWN},
        {"{\"ticket\":\"t\",\"agent\":\"a\",\"token\":{\"serial\":\"s\"},\"certificates\":[1]}",
         ERR_FIELD_TYPE},
        {"{\"ticket\":\"t\",\"agent\":\"a\",\"token\":{\"serial\":\"s\"},\"certificates\":[\"?\"]}",
         ERR_FIELD_VALUE},
        {"{\"ticket\":\"t\",\"agent\":\"a\",\"token\":{\"serial\":\"s\"},\"certificates\":{}}",
         ERR_FIELD_TYPE},
        {"{\"ticket\":\"t\",\"agent\":\"a\",\"token\":{\"serial\":\"s\"},\"certificates\":"
         "[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]}",
         ERR_FIELD_VALUE},
        {"{\"ticket\":\"' OR 1=1 --\",\"agent\":\"a\",\"token\":{\"serial\":\"s\"},"
         "\"certificates\":[]}",
         ERR_TICKET_UNKNOWN},
    };
    struct world *world = *state;
    int64_t before = world_count(world->portal, "SELECT count(*) FROM audit");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(json_freep) struct json *body = api_parse(cases[i].body);
        struct portal_api_answer answer = {0};
        struct err err = ERR_INIT;
        if (portal_api_redeem(world->portal, body, &answer, &err) != cases[i].code)
            fail_msg("%s: %s (%s)", cases[i].body, err_code_text(err.code), err.detail);
        assert_null(answer.body);
    }
    assert_true(world_count(world->portal, "SELECT count(*) FROM audit") == before);
}

static struct api_session open_session(struct world *world)
{
    struct api_session session = {.job = redeem(world)};
    struct err err = ERR_INIT;
    world_must(portal_job_authorise(world->portal, api_text(session.job, "id"),
                                    api_text(session.job, "secret"), &session.loaded, &err),
               &err);
    session.authorization = memory_printf("Bearer %s", api_text(session.job, "secret"));
    return session;
}

static struct json *request_body(const struct api_session *session)
{
    AUTO(bytes_freep)
    struct bytes *csr = world_csr(key->sign, cert_peek(key->sign_cert)->subject_der);
    AUTO(bytes_freep)
    struct bytes *proof = world_request_proof(session->loaded, key->sign, span_bytes(csr));
    struct json *body = json_new_object();
    json_add_base64(body, "csr", span_bytes(csr));
    json_add_base64(body, "proof", span_bytes(proof));
    return body;
}

static char *request(struct world *world, const struct api_session *session)
{
    AUTO(json_freep) struct json *body = request_body(session);
    struct portal_api_answer answer = {0};
    struct err err = ERR_INIT;
    world_must(portal_api_request(world->portal, session->loaded->id, session->authorization, body,
                                  &answer, &err),
               &err);
    assert_int_equal(answer.status, 200);
    char *text = json_print(answer.body);
    json_free(answer.body);
    return text;
}

static struct json *confirm_body(const struct api_session *session, const struct json *issued)
{
    AUTO(bytes_freep) struct bytes *sign = NULL;
    AUTO(bytes_freep) struct bytes *encrypt = NULL;
    struct err err = ERR_INIT;
    uint8_t digest[32];
    world_must(base64_decode(api_text(issued, "sign_certificate"), CERT_BYTES_MAX, &sign, &err),
               &err);
    world_must(
        base64_decode(api_text(issued, "encrypt_certificate"), CERT_BYTES_MAX, &encrypt, &err),
        &err);
    proof_written_digest(span_bytes(sign), span_bytes(encrypt), digest);
    AUTO(bytes_freep)
    struct bytes *proof = world_confirm_proof(session->loaded, key->sign, "written", digest);
    struct json *body = json_new_object();
    json_add_text(body, "outcome", "written");
    json_add_base64(body, "digest", SPAN_ARRAY(digest));
    json_add_base64(body, "proof", span_bytes(proof));
    return body;
}

static void a_whole_renewal_repeats_byte_for_byte(void **state)
{
    struct world *world = *state;
    AUTO(api_session_done) struct api_session session = open_session(world);
    AUTO(memory_freep) char *first = request(world, &session);
    AUTO(memory_freep) char *second = request(world, &session);
    assert_string_equal(first, second);
    AUTO(json_freep) struct json *issued = api_parse(first);
    assert_int_equal(json_count(json_member(issued, "chain")), 1);
    assert_null(json_member(issued, "enveloped_key"));
    AUTO(json_freep) struct json *body = confirm_body(&session, issued);
    for (int i = 0; i < 2; i++) {
        struct portal_api_answer answer = {0};
        struct err err = ERR_INIT;
        world_must(portal_api_confirm(world->portal, session.loaded->id, session.authorization,
                                      body, &answer, &err),
                   &err);
        AUTO(memory_freep) char *text = json_print(answer.body);
        assert_string_equal(text, "{\"acknowledged\":true}");
        json_free(answer.body);
    }
}

static void without_the_jobs_secret_nothing_is_even_read(void **state)
{
    struct world *world = *state;
    AUTO(api_session_done) struct api_session session = open_session(world);
    AUTO(json_freep) struct json *body = api_parse("{\"anything\":1}");
    AUTO(memory_freep) char *basic = memory_printf("Basic %s", session.authorization + 7);
    AUTO(memory_freep) char *bare = memory_text(session.authorization + 7);
    const char *const headers[] = {NULL, "", "Bearer", "Bearer ", "Bearer x", basic, bare};
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        struct portal_api_answer answer = {0};
        struct err err = ERR_INIT;
        assert_int_equal(
            portal_api_request(world->portal, session.loaded->id, headers[i], body, &answer, &err),
            ERR_JOB_FORBIDDEN);
        assert_int_equal(
            portal_api_confirm(world->portal, session.loaded->id, headers[i], body, &answer, &err),
            ERR_JOB_FORBIDDEN);
    }
    struct portal_api_answer answer = {0};
    struct err err = ERR_INIT;
    assert_int_equal(
        portal_api_request(world->portal, "..", session.authorization, body, &answer, &err),
        ERR_JOB_UNKNOWN);
}

static void hostile_requests_get_their_code(void **state)
{
    static const struct {
        const char *body;
        enum err_code request, confirm;
    } cases[] = {
        {"{}", ERR_FIELD_MISSING, ERR_FIELD_MISSING},
        {"[1]", ERR_FIELD_TYPE, ERR_FIELD_TYPE},
        {"{\"csr\":\"AAAA\"}", ERR_FIELD_MISSING, ERR_FIELD_UNKNOWN},
        {"{\"csr\":\"AAAA\",\"proof\":\"AAAA\"}", ERR_CSR, ERR_FIELD_UNKNOWN},
        {"{\"csr\":\"A\",\"proof\":\"AAAA\"}", ERR_FIELD_VALUE, ERR_FIELD_UNKNOWN},
        {"{\"csr\":{},\"proof\":\"AAAA\"}", ERR_FIELD_TYPE, ERR_FIELD_UNKNOWN},
        {"{\"csr\":\"AAAA\",\"proof\":\"AAAA\",\"pin\":\"123456\"}", ERR_FIELD_UNKNOWN,
         ERR_FIELD_UNKNOWN},
        {"{\"outcome\":\"written\",\"digest\":\"AAAA\",\"proof\":\"AAAA\"}", ERR_FIELD_UNKNOWN,
         ERR_FIELD_VALUE},
        {"{\"outcome\":\"perhaps\",\"digest\":\"AAAA\",\"proof\":\"AAAA\"}", ERR_FIELD_UNKNOWN,
         ERR_FIELD_VALUE},
        {"{\"outcome\":true,\"digest\":\"AAAA\",\"proof\":\"AAAA\"}", ERR_FIELD_UNKNOWN,
         ERR_FIELD_TYPE},
    };
    struct world *world = *state;
    AUTO(api_session_done) struct api_session session = open_session(world);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(json_freep) struct json *body = api_parse(cases[i].body);
        struct portal_api_answer answer = {0};
        struct err first = ERR_INIT;
        struct err second = ERR_INIT;
        if (portal_api_request(world->portal, session.loaded->id, session.authorization, body,
                               &answer, &first) != cases[i].request ||
            portal_api_confirm(world->portal, session.loaded->id, session.authorization, body,
                               &answer, &second) != cases[i].confirm)
            fail_msg("%s: %s, %s", cases[i].body, err_code_text(first.code),
                     err_code_text(second.code));
        assert_null(answer.body);
    }
}

static void what_a_key_did_is_in_its_name_in_the_trail(void **state)
{
    struct world *world = *state;
    json_free(redeem(world));
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    world_must(portal_db_query(world->portal->db,
                               "SELECT actor, event FROM audit ORDER BY id DESC LIMIT 1",
                               PORTAL_NO_VALUES, &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    AUTO(memory_freep) char *actor = memory_printf("agent:%s", key->serial);
    assert_string_equal(portal_query_text(query, 0), actor);
    assert_string_equal(portal_query_text(query, 1), "ticket.redeemed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redeemed_job_has_every_member_of_the_contract),
        cmocka_unit_test(hostile_redemptions_get_their_code_and_change_nothing),
        cmocka_unit_test(without_the_jobs_secret_nothing_is_even_read),
        cmocka_unit_test(hostile_requests_get_their_code),
        cmocka_unit_test(what_a_key_did_is_in_its_name_in_the_trail),
        cmocka_unit_test(a_whole_renewal_repeats_byte_for_byte),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
