#include "tests/unit/agent/trust/fixture.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/trust/trust_pem.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "http/http_identity.h"

#define LIST_BYTES_MAX 65536
#define OPEN_FOLDERS 16

static struct bytes *make_pem(void)
{
    struct err err = ERR_INIT;
    struct bytes *pem = NULL;
    AUTO(secret_freep) struct secret *key = NULL;
    assert_int_equal(http_identity_make(clock_now_utc(), &pem, &key, &err), ERR_NONE);
    return pem;
}

static struct bytes *der_of(const struct bytes *pem)
{
    struct err err = ERR_INIT;
    struct bytes *der = NULL;
    assert_int_equal(trust_pem_read(span_bytes(pem), &der, &err), ERR_NONE);
    return der;
}

struct bytes *make_cert(void)
{
    AUTO(bytes_freep) struct bytes *pem = make_pem();
    return der_of(pem);
}

char *home_path(const struct home *home, const char *below)
{
    return file_join(home->folder, below);
}

void home_make_folder(const struct home *home, const char *below)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = home_path(home, below);
    assert_int_equal(file_make_folder(path, 0700, &err), ERR_NONE);
}

void home_write(const struct home *home, const char *below, const char *text, mode_t mode)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = home_path(home, below);
    assert_int_equal(file_write_atomic(path, span_text(text), mode, &err), ERR_NONE);
}

bool home_has(const struct home *home, const char *below)
{
    AUTO(memory_freep) char *path = home_path(home, below);
    return access(path, F_OK) == 0;
}

void home_renew(struct home *home)
{
    AUTO(bytes_freep) struct bytes *pem = make_pem();
    home_write(home, "state/identity/loopback.pem", (const char *)pem->at, 0644);
    bytes_freep(&home->der);
    home->der = der_of(pem);
}

int home_start(void **state)
{
    char folder[] = "/tmp/ukeyd-trust-XXXXXX";
    struct home *home = memory_new(sizeof *home);
    home->folder = memory_text(mkdtemp(folder));
    assert_non_null(home->folder);
    home->user = (struct trust_user){
        .home = memory_text(home->folder),
        .data_home = home_path(home, ".local/share"),
        .config_home = home_path(home, ".config"),
        .identity = home_path(home, "state/identity"),
        .firefox_policies = "/nonexistent/policies.json",
        .certutil = {TRUST_CERTUTIL, NULL, NULL},
        .firefox_certutil = {TRUST_CERTUTIL, NULL, NULL},
    };
    home_make_folder(home, "state/identity");
    home_renew(home);
    *state = home;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    return remove(path);
}

int home_stop(void **state)
{
    struct home *home = *state;
    nftw(home->folder, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    trust_user_done(&home->user);
    bytes_freep(&home->der);
    free(home->folder);
    free(home);
    return 0;
}

static char fake_path[128];

void home_fake_certutil(struct home *home, const char *lines)
{
    AUTO(memory_freep) char *text = memory_printf("#!/bin/sh\n%s\n", lines);
    home_write(home, "fake", text, 0700);
    snprintf(fake_path, sizeof fake_path, "%s/fake", home->folder);
    home->user.certutil.program = fake_path;
}

void home_make_database(const struct home *home, const char *below, const char *password)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *folder = home_path(home, below);
    AUTO(memory_freep) char *database = memory_printf("sql:%s", folder);
    AUTO(memory_freep) char *file = home_path(home, "password");
    const char *const open[] = {"-N", "-d", database, "--empty-password", NULL};
    const char *const locked[] = {"-N", "-d", database, "-f", file, NULL};
    home_make_folder(home, below);
    if (password != NULL)
        home_write(home, "password", password, 0600);
    if (trust_certutil_run(&home->user.certutil, password == NULL ? open : locked, SPAN_NONE, NULL,
                           &err) != ERR_NONE)
        fail_msg("%s", err.detail);
}

/* ---- listing ---- */

static struct buf *listing;
static size_t listing_root;
static const char *listing_left_out;

static int list_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    const char *below = ftw->level == 0 ? "" : path + listing_root;
    if (ftw->level > 0 && strncmp(below, listing_left_out, strlen(listing_left_out)) != 0)
        buf_printf(listing, "%s\n", below);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *home_list(const struct home *home, const char *left_out)
{
    AUTO(buf_done) struct buf found = BUF_INIT(LIST_BYTES_MAX);
    AUTO(buf_done) struct buf sorted = BUF_INIT(LIST_BYTES_MAX);
    char *lines[256];
    size_t count = 0;
    listing = &found;
    listing_root = strlen(home->folder) + 1;
    listing_left_out = left_out;
    assert_int_equal(nftw(home->folder, list_entry, OPEN_FOLDERS, FTW_PHYS), 0);
    buf_add_u8(&found, 0);
    char *save = NULL;
    for (char *line = strtok_r((char *)found.at, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        assert_true(count < ARRAY_SIZE(lines));
        lines[count++] = line;
    }
    qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0; i < count; i++)
        buf_printf(&sorted, "%s\n", lines[i]);
    buf_add_u8(&sorted, 0);
    return memory_text((const char *)sorted.at);
}
