#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/doctor/doctor_checks.h"
#include "base/file.h"
#include "certs/chain.h"

#define ROOTS_BYTES_MAX 1048576
/* A journal of 200 operations, a new certificate and a browser's database, three times over. */
#define FREE_BYTES_MIN (16LL * 1024 * 1024)

/* ---- configuration ---- */

static void check_roots(const struct config_platform *platform, const char *path,
                        struct doctor_findings *findings)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *pem = NULL;
    AUTO(chain_roots_freep) struct chain_roots *roots = NULL;
    if (path == NULL)
        return;
    if (file_read(path, ROOTS_BYTES_MAX, &pem, &err) != ERR_NONE ||
        chain_roots_from_pem(span_bytes(pem), &roots, &err) != ERR_NONE)
        doctor_findings_add(findings, DOCTOR_ROOTS, "platform %s: %s: %s", platform->id, path,
                            err.detail);
}

static void check_config(const struct doctor_world *world, struct doctor_findings *findings)
{
    const struct config *config = world->config;
    if (config == NULL) {
        doctor_findings_add(findings, DOCTOR_CONFIG, "%s", world->config_err.detail);
        return;
    }
    for (size_t i = 0; i < config->left_out_count; i++)
        doctor_findings_add(findings, DOCTOR_CONFIG, "left out: %s", config->left_out[i].detail);
    AUTO(memory_freep) char *count = memory_printf("%zu", config->platform_count);
    doctor_findings_fact(findings, "platforms", count);
    if (config->platform_count == 0)
        doctor_findings_add(findings, DOCTOR_NO_PLATFORM, "no [platform] section in %s",
                            world->config_file == NULL ? CONFIG_PLATFORM_FOLDER
                                                       : world->config_file);
    for (size_t i = 0; i < config->platform_count; i++) {
        check_roots(&config->platforms[i], config->platforms[i].roots, findings);
        check_roots(&config->platforms[i], config->platforms[i].seal_roots, findings);
    }
}

/* ---- folders ---- */

/* Whether it is there and its owner and mode are right. */
static bool check_file(const char *path, mode_t wanted, struct doctor_findings *findings)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return false;
    if (status.st_uid != geteuid()) {
        doctor_findings_add(findings, DOCTOR_STATE_FOREIGN,
                            "%s belongs to user %u, this is user %u", path, status.st_uid,
                            geteuid());
        return false;
    }
    mode_t mode = status.st_mode & 07777;
    if ((mode & 077) != 0 || (mode & wanted) != wanted) {
        doctor_findings_add(findings, DOCTOR_STATE_MODE, "%s has mode %04o", path, (unsigned)mode);
        return false;
    }
    return true;
}

static void check_folders(const struct doctor_world *world, struct doctor_findings *findings)
{
    static const struct {
        const char *name;
        mode_t wanted;
    } inside[] = {{"identity", 0700}, {"identity/loopback.key", 0600}, {"journal.db", 0600}};
    if (world->runtime_folder != NULL)
        check_file(world->runtime_folder, 0700, findings);
    if (world->state_folder == NULL || !check_file(world->state_folder, 0700, findings))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(inside); i++) {
        AUTO(memory_freep) char *path = file_join(world->state_folder, inside[i].name);
        check_file(path, inside[i].wanted, findings);
    }
}

/* ---- disk ---- */

static void check_disk(const struct doctor_world *world, struct doctor_findings *findings)
{
    struct statvfs status;
    if (world->state_folder == NULL || statvfs(world->state_folder, &status) != 0)
        return;
    long long left = (long long)status.f_bavail * (long long)status.f_frsize;
    AUTO(memory_freep) char *text = memory_printf("%lld", left);
    doctor_findings_fact(findings, "free_bytes", text);
    if (left < FREE_BYTES_MIN)
        doctor_findings_add(findings, DOCTOR_DISK_FULL, "%lld bytes are free at %s", left,
                            world->state_folder);
}

void doctor_state_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    check_config(world, findings);
    check_folders(world, findings);
    check_disk(world, findings);
}
