#include "agent/sandbox/sandbox_process.h"

#include <errno.h>
#include <sys/prctl.h>

#include "base/secret.h"

/* Source: linux/prctl.h of Linux 6.3. */
#define SET_MDWE 65
#define MDWE_REFUSE_EXEC_GAIN 1

/* Where it is not yet known. */
static bool refuse_new_code(void)
{
    return prctl(SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0;
}

/* A process that is not "dumpable" has no core either, and its memory is root's alone. Source: prctl(2). */
enum err_code sandbox_process_restrict(bool *out_no_new_code, struct err *err)
{
    if (!secret_forbid_core() || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_set_errno(err, ERR_SANDBOX, "restrict the process");
    *out_no_new_code = refuse_new_code();
    return ERR_NONE;
}
