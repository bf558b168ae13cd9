#include "agent/config_roots.h"

#include "base/file.h"

/* Some 500 certificates. */
#define ROOTS_BYTES_MAX 1048576

static enum err_code read_one(const char *path, struct chain_roots **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *pem = NULL;
    if (file_read(path, ROOTS_BYTES_MAX, &pem, err) != ERR_NONE ||
        chain_roots_from_pem(span_bytes(pem), out, err) != ERR_NONE)
        return err_add(err, "%s", path);
    return ERR_NONE;
}

enum err_code config_roots_read(const struct config_platform *platform,
                                struct chain_roots **out_roots, struct chain_roots **out_seal_roots,
                                struct err *err)
{
    AUTO(chain_roots_freep) struct chain_roots *roots = NULL;
    AUTO(chain_roots_freep) struct chain_roots *seal_roots = NULL;
    if (read_one(platform->roots, &roots, err) != ERR_NONE ||
        (platform->seal_roots != NULL &&
         read_one(platform->seal_roots, &seal_roots, err) != ERR_NONE))
        return err_add(err, "platform %s is left out", platform->id);
    *out_roots = TAKE(roots);
    *out_seal_roots = TAKE(seal_roots);
    return ERR_NONE;
}
