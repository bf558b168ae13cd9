#include "agent/trust/trust_status.h"

#include "agent/trust/trust.h"
#include "agent/trust/trust_firefox.h"
#include "agent/trust/trust_nss.h"
#include "agent/trust/trust_pem.h"
#include "agent/trust/trust_record.h"
#include "agent/trust/trust_state.h"
#include "base/file.h"

#define FIREFOX_PROFILE "firefox-profile"
#define FILE_BYTES_MAX 32768

/* What is asked for: the present certificate, empty when there is none, and those before it. */
struct question {
    const struct trust_user *user;
    struct span der;
    struct trust_record record;
};

static enum err_code judge_database(const struct question *question, const char *folder,
                                    enum trust_state *out, struct err *err)
{
    enum trust_nss_state found = TRUST_NSS_ABSENT;
    if (trust_nss_look(&question->user->certutil, folder, question->der, &found, err) != ERR_NONE)
        return err->code;
    *out = found == TRUST_NSS_TRUSTED ? TRUST_STATE_TRUSTED : TRUST_STATE_MISSING;
    for (size_t i = 0; *out == TRUST_STATE_MISSING && i < question->record.cert_count; i++) {
        struct span earlier = span_bytes(question->record.certs[i]);
        if (span_equal(earlier, question->der))
            continue;
        if (trust_nss_look(&question->user->certutil, folder, earlier, &found, err) != ERR_NONE)
            return err->code;
        if (found == TRUST_NSS_TRUSTED)
            *out = TRUST_STATE_OUTDATED;
    }
    return ERR_NONE;
}

static enum err_code judge_file(const struct question *question, const char *folder,
                                enum trust_state *out, struct err *err)
{
    AUTO(memory_freep) char *path = file_join(folder, TRUST_FIREFOX_NAME);
    AUTO(bytes_freep) struct bytes *pem = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    bool named = false;
    if (trust_firefox_names(question->user->firefox_policies, &named, err) != ERR_NONE)
        return err->code;
    *out = TRUST_STATE_MISSING;
    if (file_read(path, FILE_BYTES_MAX, &pem, err) != ERR_NONE)
        return err->code == ERR_FILE_MISSING ? ERR_NONE : err->code;
    *out = TRUST_STATE_OUTDATED;
    if (trust_pem_read(span_bytes(pem), &der, err) == ERR_NONE &&
        span_equal(span_bytes(der), question->der))
        *out = named ? TRUST_STATE_TRUSTED : TRUST_STATE_NO_POLICY;
    return ERR_NONE;
}

static enum err_code judge_profile(const struct question *question, const char *folder,
                                   enum trust_state *out, struct err *err)
{
    enum trust_nss_state found = TRUST_NSS_ABSENT;
    if (trust_nss_look(&question->user->firefox_certutil, folder, question->der, &found, err) !=
        ERR_NONE)
        return err->code;
    *out = found == TRUST_NSS_ABSENT ? TRUST_STATE_RESTART : TRUST_STATE_TRUSTED;
    return ERR_NONE;
}

typedef enum err_code (*judge_fn)(const struct question *question, const char *folder,
                                  enum trust_state *out, struct err *err);

static struct json *row_of(const struct question *question, const char *browser, const char *path,
                           judge_fn judge, enum lang lang)
{
    struct err err = ERR_INIT;
    enum trust_state state = TRUST_STATE_MISSING;
    if (judge(question, path, &state, &err) != ERR_NONE)
        return trust_state_row_failed(browser, path, &err, lang);
    return trust_state_row(browser, path, state, lang);
}

/* Profiles matter once the policy makes them take the certificate over. */
static bool waits_for_profiles(const struct json *rows)
{
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        if (strcmp(json_text_of(json_member(row, "browser")), "firefox") == 0)
            return strcmp(json_text_of(json_member(row, "state")), "trusted") == 0;
    }
    return false;
}

static struct json *rows_of(const struct question *question, enum lang lang)
{
    static const judge_fn judges[] = {
        [TRUST_CHROMIUM] = judge_database,
        [TRUST_FIREFOX] = judge_file,
    };
    AUTO(trust_places_done) struct trust_places places = {0};
    AUTO(trust_profiles_done) struct trust_profiles profiles = {0};
    struct json *rows = json_new_array();
    trust_user_places(question->user, &places);
    for (size_t i = 0; i < places.count; i++)
        json_append(rows, row_of(question, places.at[i].browser, places.at[i].path,
                                 judges[places.at[i].kind], lang));
    if (!waits_for_profiles(rows))
        return rows;
    trust_user_profiles(question->user, &profiles);
    for (size_t i = 0; i < profiles.count; i++)
        json_append(rows, row_of(question, FIREFOX_PROFILE, profiles.at[i], judge_profile, lang));
    return rows;
}

struct json *trust_status(const struct trust_user *user, enum lang lang)
{
    struct err ignored = ERR_INIT;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(memory_freep) char *path = file_join(user->identity, TRUST_IDENTITY_CERT);
    struct question question = {.user = user};
    bool has_identity = trust_read_identity(user, &der, &ignored) == ERR_NONE;
    question.der = span_bytes(der);
    if (trust_record_read(user->identity, &question.record, &ignored) != ERR_NONE)
        question.record = (struct trust_record){0};
    struct json *status = json_new_object();
    json_add_text(status, "certificate", has_identity ? path : NULL);
    json_add_bool(status, "installed", question.record.wanted);
    json_add(status, "browsers", rows_of(&question, lang));
    trust_record_done(&question.record);
    return status;
}
