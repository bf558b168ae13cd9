#include "agent/trust/trust_nss.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/trust/trust_pem.h"
#include "base/file.h"
#include "base/hex.h"

#define NUMBER_BYTES 4
#define NAME_BYTES_MAX 128
#define HEADER_BYTES 16
/* A trusted peer, for TLS alone. Source: certutil(1), -t. */
#define TRUST_FLAGS "P,,"

/* Its own files. Source: NSS, Shared DB. */
static const char *const file_names[] = {"cert9.db", "key4.db", "pkcs11.txt"};

static char *database_of(const char *folder)
{
    return memory_printf("sql:%s", folder);
}

bool trust_nss_exists(const char *folder)
{
    AUTO(memory_freep) char *path = file_join(folder, file_names[0]);
    return access(path, F_OK) == 0;
}

/* NSS says the same of a database that is held by another program and of one that is damaged. */
static bool is_whole(const char *folder)
{
    static const char header[HEADER_BYTES] =
        "SQLite format 3"; /* Source: sqlite.org, fileformat 1.3 */
    char found[HEADER_BYTES] = {0};
    AUTO(memory_freep) char *path = file_join(folder, file_names[0]);
    AUTO(file_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return fd >= 0 && read(fd, found, sizeof found) == HEADER_BYTES &&
           memcmp(found, header, HEADER_BYTES) == 0;
}

static enum err_code run(const struct trust_certutil *tool, const char *folder,
                         const char *const *arguments, struct span input, struct bytes **out,
                         struct err *err)
{
    if (trust_certutil_run(tool, arguments, input, out, err) == ERR_NONE)
        return ERR_NONE;
    if (err->code == ERR_TRUST_DATABASE && is_whole(folder))
        err->code = ERR_TRUST_BUSY;
    return err_add(err, "%s", folder);
}

enum err_code trust_nss_create(const struct trust_certutil *tool, const char *folder,
                               struct err *err)
{
    AUTO(memory_freep) char *database = database_of(folder);
    const char *const arguments[] = {"-N", "-d", database, "--empty-password", NULL};
    return run(tool, folder, arguments, SPAN_NONE, NULL, err);
}

/* ---- what is in it ---- */

struct entry {
    char name[NAME_BYTES_MAX];
    bool trusted;
};

struct entries {
    size_t count; /* of ours */
    size_t all;
    struct entry at[TRUST_NSS_OURS_MAX];
};

/* "name        P,,  ": the flags are the last word and hold two commas. */
static bool parse_line(const char *line, size_t length, struct entry *out)
{
    while (length > 0 && line[length - 1] == ' ')
        length--;
    size_t flags = length;
    while (flags > 0 && line[flags - 1] != ' ')
        flags--;
    const char *comma = memchr(line + flags, ',', length - flags);
    if (comma == NULL || flags == 0)
        return false;
    bool trusted = memchr(line + flags, 'P', (size_t)(comma - line) - flags) != NULL;
    while (flags > 0 && line[flags - 1] == ' ')
        flags--;
    if (flags == 0 || flags >= sizeof out->name || memchr(line, '\0', flags) != NULL)
        return false;
    memcpy(out->name, line, flags);
    out->name[flags] = '\0';
    out->trusted = trusted;
    return true;
}

/* The heading has commas too, but no name of ours. */
static void parse_listing(const char *text, struct entries *out)
{
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        struct entry entry;
        if (parse_line(line, length, &entry)) {
            out->all++;
            if (strncmp(entry.name, TRUST_NSS_NAME, strlen(TRUST_NSS_NAME)) == 0 &&
                out->count < TRUST_NSS_OURS_MAX)
                out->at[out->count++] = entry;
        }
        line += length + (line[length] == '\n');
    }
}

static enum err_code list(const struct trust_certutil *tool, const char *folder,
                          struct entries *out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *text = NULL;
    AUTO(memory_freep) char *database = database_of(folder);
    const char *const arguments[] = {"-L", "-d", database, NULL};
    if (run(tool, folder, arguments, SPAN_NONE, &text, err) != ERR_NONE)
        return err->code;
    parse_listing((const char *)text->at, out);
    return ERR_NONE;
}

static enum err_code is_same(const struct trust_certutil *tool, const char *folder,
                             const char *name, struct span der, bool *out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *text = NULL;
    AUTO(bytes_freep) struct bytes *found = NULL;
    AUTO(memory_freep) char *database = database_of(folder);
    const char *const arguments[] = {"-L", "-d", database, "-n", name, "-a", NULL};
    if (run(tool, folder, arguments, SPAN_NONE, &text, err) != ERR_NONE ||
        trust_pem_read(span_bytes(text), &found, err) != ERR_NONE)
        return err->code;
    *out = span_equal(span_bytes(found), der);
    return ERR_NONE;
}

/* Keeps those entries that are the certificate. */
static enum err_code find(const struct trust_certutil *tool, const char *folder, struct span der,
                          struct entries *out, struct err *err)
{
    struct entries entries = {0};
    if (!trust_nss_exists(folder))
        return ERR_NONE;
    if (list(tool, folder, &entries, err) != ERR_NONE)
        return err->code;
    for (size_t i = 0; i < entries.count; i++) {
        bool same = false;
        if (is_same(tool, folder, entries.at[i].name, der, &same, err) != ERR_NONE)
            return err->code;
        if (same)
            out->at[out->count++] = entries.at[i];
    }
    return ERR_NONE;
}

enum err_code trust_nss_look(const struct trust_certutil *tool, const char *folder, struct span der,
                             enum trust_nss_state *out, struct err *err)
{
    struct entries entries = {0};
    if (find(tool, folder, der, &entries, err) != ERR_NONE)
        return err->code;
    *out = entries.count == 0 ? TRUST_NSS_ABSENT : TRUST_NSS_UNTRUSTED;
    for (size_t i = 0; i < entries.count; i++)
        if (entries.at[i].trusted)
            *out = TRUST_NSS_TRUSTED;
    return ERR_NONE;
}

/* ---- changing it ---- */

static enum err_code delete_entry(const struct trust_certutil *tool, const char *folder,
                                  const char *name, struct err *err)
{
    AUTO(memory_freep) char *database = database_of(folder);
    const char *const arguments[] = {"-D", "-d", database, "-n", name, NULL};
    return run(tool, folder, arguments, SPAN_NONE, NULL, err);
}

static enum err_code add_entry(const struct trust_certutil *tool, const char *folder,
                               struct span der, struct err *err)
{
    AUTO(memory_freep) char *database = database_of(folder);
    AUTO(memory_freep) char *number = hex_random(NUMBER_BYTES);
    AUTO(memory_freep) char *name = memory_printf(TRUST_NSS_NAME " %s", number);
    AUTO(memory_freep) char *pem = trust_pem_write(der);
    const char *const arguments[] = {"-A", "-d",        database, "-n", name,
                                     "-t", TRUST_FLAGS, "-a",     NULL};
    return run(tool, folder, arguments, span_text(pem), NULL, err);
}

enum err_code trust_nss_add(const struct trust_certutil *tool, const char *folder, struct span der,
                            struct err *err)
{
    enum trust_nss_state before, after;
    struct err ignored = ERR_INIT;
    if (trust_nss_look(tool, folder, der, &before, err) != ERR_NONE)
        return err->code;
    if (before == TRUST_NSS_TRUSTED)
        return ERR_NONE;
    if (add_entry(tool, folder, der, err) != ERR_NONE) {
        /* With a password NSS keeps the certificate although it could not be trusted. */
        if (before == TRUST_NSS_ABSENT)
            (void)!trust_nss_remove(tool, folder, der, &ignored);
        return err->code;
    }
    if (trust_nss_look(tool, folder, der, &after, err) != ERR_NONE)
        return err->code;
    if (after != TRUST_NSS_TRUSTED)
        return err_set(err, ERR_TRUST_DATABASE, "%s: it is there under a name that is not ours",
                       folder);
    return ERR_NONE;
}

enum err_code trust_nss_remove(const struct trust_certutil *tool, const char *folder,
                               struct span der, struct err *err)
{
    struct entries entries = {0};
    if (find(tool, folder, der, &entries, err) != ERR_NONE)
        return err->code;
    for (size_t i = 0; i < entries.count; i++)
        if (delete_entry(tool, folder, entries.at[i].name, err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}

/* certutil -K says the same by its exit status of "no keys" and of "can't tell", so that its words decide. */
static bool has_no_keys(const struct trust_certutil *tool, const char *folder)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *database = database_of(folder);
    const char *const arguments[] = {"-K", "-d", database, NULL};
    return trust_certutil_run(tool, arguments, SPAN_NONE, NULL, &err) == ERR_TRUST_DATABASE &&
           strstr(err.detail, "no keys found") != NULL;
}

enum err_code trust_nss_delete_empty(const struct trust_certutil *tool, const char *folder,
                                     bool *out_deleted, struct err *err)
{
    struct entries entries = {0};
    if (list(tool, folder, &entries, err) != ERR_NONE)
        return err->code;
    *out_deleted = entries.all == 0 && has_no_keys(tool, folder);
    for (size_t i = 0; *out_deleted && i < ARRAY_SIZE(file_names); i++) {
        AUTO(memory_freep) char *path = file_join(folder, file_names[i]);
        if (unlink(path) != 0 && errno != ENOENT) {
            err_set_errno(err, ERR_FILE, "delete");
            return err_add(err, "%s", path);
        }
    }
    return ERR_NONE;
}
