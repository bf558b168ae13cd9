#include "agent/trust/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "agent/trust/trust_nss.h"
#include "agent/trust/trust_pem.h"
#include "agent/trust/trust_record.h"
#include "base/clock.h"
#include "base/file.h"
#include "certs/loopback.h"

#define FOLDER_MODE 0700
#define CERT_MODE 0644
#define CERT_BYTES_MAX 32768
#define LOCK_LOOK_NS 50000000
/* Stands in the record's list of what was made for a whole database. */
#define DATABASE_FILE "cert9.db"

/* The first failure is told; the others don't keep the rest from being done. */
static void keep_first(struct err *first, const struct err *next)
{
    if (first->code == ERR_NONE)
        *first = *next;
}

/* ---- the agent's side ---- */

enum err_code trust_read_identity(const struct trust_user *user, struct bytes **out_der,
                                  struct err *err)
{
    AUTO(memory_freep) char *path = file_join(user->identity, TRUST_IDENTITY_CERT);
    AUTO(bytes_freep) struct bytes *pem = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    if (file_read(path, CERT_BYTES_MAX, &pem, err) != ERR_NONE ||
        trust_pem_read(span_bytes(pem), &der, err) != ERR_NONE)
        return err->code = ERR_TRUST_NO_IDENTITY;
    if (loopback_check(span_bytes(der), err) != ERR_NONE)
        return err_add(err, "%s", path);
    *out_der = TAKE(der);
    return ERR_NONE;
}

/* The lock of the identity's folder: released with the descriptor. */
static enum err_code lock(const struct trust_user *user, int *out_fd, struct err *err)
{
    const struct timespec pause = {.tv_nsec = LOCK_LOOK_NS};
    struct deadline deadline = deadline_in_ms(TRUST_LOCK_MS);
    AUTO(file_closep) int fd = open(user->identity, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, ERR_TRUST_NO_IDENTITY, user->identity);
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_set_errno(err, ERR_FILE, user->identity);
        if (deadline_passed(deadline))
            return err_set(err, ERR_DEADLINE, "another program is changing the trust");
        nanosleep(&pause, NULL);
    }
    *out_fd = fd;
    fd = -1;
    return ERR_NONE;
}

/* One that can't be read is as good as none: what is to be done now does not depend on it. */
static void read_record(const struct trust_user *user, struct trust_record *out)
{
    struct err ignored = ERR_INIT;
    if (trust_record_read(user->identity, out, &ignored) != ERR_NONE)
        *out = (struct trust_record){0};
}

/* ---- putting ---- */

static enum err_code note_missing(struct trust_record *record, const char *path, struct err *err)
{
    AUTO(memory_freep) char *part = memory_text(path);
    for (char *at = part + 1;; at++) {
        char here = *at;
        if (here != '/' && here != '\0')
            continue;
        *at = '\0';
        if (access(part, F_OK) != 0 && trust_record_add_made(record, part, err) != ERR_NONE)
            return err->code;
        if (here == '\0')
            return ERR_NONE;
        *at = here;
    }
}

/* What will be done, before it is. */
static enum err_code note_intent(const struct trust_places *places, struct trust_record *record,
                                 struct err *err)
{
    for (size_t i = 0; i < places->count; i++) {
        const struct trust_place *place = &places->at[i];
        AUTO(memory_freep) char *database = file_join(place->path, DATABASE_FILE);
        const char *last = place->kind == TRUST_CHROMIUM ? database : place->path;
        if (trust_record_add_place(record, place->path, err) != ERR_NONE ||
            note_missing(record, last, err) != ERR_NONE)
            return err->code;
    }
    return ERR_NONE;
}

static enum err_code put_in_database(const struct trust_user *user, const char *folder,
                                     struct span der, struct err *err)
{
    if (file_make_folder(folder, FOLDER_MODE, err) != ERR_NONE)
        return err->code;
    if (!trust_nss_exists(folder) && trust_nss_create(&user->certutil, folder, err) != ERR_NONE)
        return err->code;
    return trust_nss_add(&user->certutil, folder, der, err);
}

static enum err_code put_file(const struct trust_user *user, const char *folder, struct span der,
                              struct err *err)
{
    AUTO(memory_freep) char *path = file_join(folder, TRUST_FIREFOX_NAME);
    AUTO(memory_freep) char *pem = trust_pem_write(der);
    if (file_make_folder(folder, FOLDER_MODE, err) != ERR_NONE)
        return err->code;
    return file_write_atomic(path, span_text(pem), CERT_MODE, err);
}

static void put_everywhere(const struct trust_user *user, const struct trust_places *places,
                           struct span der, struct err *first)
{
    static enum err_code (*const put[])(const struct trust_user *user, const char *folder,
                                        struct span der, struct err *err) = {
        [TRUST_CHROMIUM] = put_in_database,
        [TRUST_FIREFOX] = put_file,
    };
    for (size_t i = 0; i < places->count; i++) {
        struct err err = ERR_INIT;
        if (!trust_user_is_foreign(user, places->at[i].path) &&
            put[places->at[i].kind](user, places->at[i].path, der, &err) != ERR_NONE)
            keep_first(first, &err);
    }
}

/* ---- taking away ---- */

/* A file of Firefox's folder, when it is the certificate. */
static enum err_code take_file(const char *folder, struct span der, struct err *err)
{
    struct err ignored = ERR_INIT;
    AUTO(memory_freep) char *path = file_join(folder, TRUST_FIREFOX_NAME);
    AUTO(bytes_freep) struct bytes *pem = NULL;
    AUTO(bytes_freep) struct bytes *found = NULL;
    if (file_read(path, CERT_BYTES_MAX, &pem, &ignored) != ERR_NONE ||
        trust_pem_read(span_bytes(pem), &found, &ignored) != ERR_NONE ||
        !span_equal(span_bytes(found), der))
        return ERR_NONE;
    if (unlink(path) != 0) {
        err_set_errno(err, ERR_FILE, "delete");
        return err_add(err, "%s", path);
    }
    return ERR_NONE;
}

static void take_from(const struct trust_certutil *tool, const char *folder, struct span der,
                      struct err *first)
{
    struct err err = ERR_INIT;
    if (take_file(folder, der, &err) != ERR_NONE)
        keep_first(first, &err);
    if (trust_nss_remove(tool, folder, der, &err) != ERR_NONE)
        keep_first(first, &err);
}

/* From every place where it was put, and from Firefox's profiles, which keep what a policy installed. */
static void take_everywhere(const struct trust_user *user, const struct trust_record *record,
                            struct span der, struct err *first)
{
    AUTO(trust_profiles_done) struct trust_profiles profiles = {0};
    trust_user_profiles(user, &profiles);
    for (size_t i = 0; i < record->place_count; i++)
        if (!trust_user_is_foreign(user, record->places[i]))
            take_from(&user->certutil, record->places[i], der, first);
    for (size_t i = 0; i < profiles.count; i++)
        take_from(&user->firefox_certutil, profiles.at[i], der, first);
}

static enum err_code unmake(const struct trust_user *user, const char *path, struct err *err)
{
    bool deleted;
    AUTO(memory_freep) char *copy = memory_text(path);
    AUTO(memory_freep) char *copy_too = memory_text(path);
    if (strcmp(basename(copy), DATABASE_FILE) != 0) {
        rmdir(path); /* somebody else's things in it are a good reason to stay */
        return ERR_NONE;
    }
    if (access(path, F_OK) != 0 || trust_user_is_foreign(user, path))
        return ERR_NONE;
    return trust_nss_delete_empty(&user->certutil, dirname(copy_too), &deleted, err);
}

/* ---- the whole ---- */

static void replace_old(const struct trust_user *user, struct trust_record *record,
                        struct err *first)
{
    struct err failure = ERR_INIT;
    for (size_t i = 0; i + 1 < record->cert_count; i++)
        take_everywhere(user, record, span_bytes(record->certs[i]), &failure);
    if (failure.code == ERR_NONE)
        trust_record_keep_last(record);
    else
        keep_first(first, &failure);
}

static enum err_code install(const struct trust_user *user, struct trust_record *record,
                             struct span der, struct err *err)
{
    struct err first = ERR_INIT;
    AUTO(trust_places_done) struct trust_places places = {0};
    trust_user_places(user, &places);
    trust_record_add_cert(record, der);
    record->wanted = record->incomplete = true;
    if (note_intent(&places, record, err) != ERR_NONE ||
        trust_record_write(user->identity, record, err) != ERR_NONE)
        return err->code;
    put_everywhere(user, &places, der, &first);
    replace_old(user, record, &first);
    record->incomplete = first.code != ERR_NONE;
    if (trust_record_write(user->identity, record, err) != ERR_NONE)
        return err->code;
    if (first.code != ERR_NONE)
        *err = first;
    return first.code;
}

enum err_code trust_install(const struct trust_user *user, struct err *err)
{
    AUTO(file_closep) int held = -1;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(trust_record_done) struct trust_record record = {0};
    if (lock(user, &held, err) != ERR_NONE || trust_read_identity(user, &der, err) != ERR_NONE)
        return err->code;
    read_record(user, &record);
    return install(user, &record, span_bytes(der), err);
}

/* unasked: also when nobody has decided about it yet. */
static enum err_code follow(const struct trust_user *user, bool unasked, bool *out_changed,
                            struct err *err)
{
    AUTO(file_closep) int held = -1;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(trust_record_done) struct trust_record record = {0};
    *out_changed = false;
    if (lock(user, &held, err) != ERR_NONE || trust_read_identity(user, &der, err) != ERR_NONE)
        return err->code;
    bool first = unasked && !trust_is_decided(user->identity);
    read_record(user, &record);
    bool settled = !record.incomplete && record.cert_count == 1 &&
                   trust_record_has_cert(&record, span_bytes(der));
    if (!first && (!record.wanted || settled))
        return ERR_NONE;
    *out_changed = true;
    return install(user, &record, span_bytes(der), err);
}

enum err_code trust_follow(const struct trust_user *user, bool *out_changed, struct err *err)
{
    return follow(user, false, out_changed, err);
}

enum err_code trust_begin(const struct trust_user *user, bool *out_changed, struct err *err)
{
    return follow(user, true, out_changed, err);
}

bool trust_is_decided(const char *identity)
{
    AUTO(memory_freep) char *path = file_join(identity, TRUST_RECORD_NAME);
    return access(path, F_OK) == 0;
}

static enum err_code finish_removal(const struct trust_user *user, struct trust_record *record,
                                    const struct err *first, struct err *err)
{
    record->wanted = false;
    if (first->code == ERR_NONE)
        return trust_record_delete(user->identity, err);
    if (trust_record_write(user->identity, record, err) == ERR_NONE)
        *err = *first;
    return err->code;
}

/* The present certificate and places too: somebody may have put it there by hand. */
enum err_code trust_remove(const struct trust_user *user, struct err *err)
{
    struct err first = ERR_INIT;
    struct err ignored = ERR_INIT;
    AUTO(file_closep) int held = -1;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(trust_record_done) struct trust_record record = {0};
    AUTO(trust_places_done) struct trust_places places = {0};
    if (access(user->identity, F_OK) != 0)
        return ERR_NONE;
    if (lock(user, &held, err) != ERR_NONE)
        return err->code;
    read_record(user, &record);
    if (trust_read_identity(user, &der, &ignored) == ERR_NONE)
        trust_record_add_cert(&record, span_bytes(der));
    trust_user_places(user, &places);
    for (size_t i = 0; i < places.count; i++)
        if (trust_record_add_place(&record, places.at[i].path, err) != ERR_NONE)
            return err->code;
    for (size_t i = 0; i < record.cert_count; i++)
        take_everywhere(user, &record, span_bytes(record.certs[i]), &first);
    for (size_t i = record.made_count; i > 0; i--) {
        struct err failure = ERR_INIT;
        if (unmake(user, record.made[i - 1], &failure) != ERR_NONE)
            keep_first(&first, &failure);
    }
    return finish_removal(user, &record, &first, err);
}

enum err_code trust_refuse(const struct trust_user *user, struct err *err)
{
    const struct trust_record nothing = {0};
    if (trust_remove(user, err) != ERR_NONE)
        return err->code;
    if (access(user->identity, F_OK) != 0)
        return ERR_NONE;
    return trust_record_write(user->identity, &nothing, err);
}
