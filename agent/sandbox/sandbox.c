#include "agent/sandbox/sandbox.h"

#include "agent/sandbox/sandbox_calls.h"
#include "agent/sandbox/sandbox_files.h"
#include "agent/sandbox/sandbox_process.h"

enum err_code sandbox_enter(const struct sandbox_settings *settings,
                            struct sandbox_facts *out_facts, struct err *err)
{
    struct sandbox_facts facts = {0};
    if (sandbox_process_restrict(&facts.no_new_code, err) != ERR_NONE ||
        sandbox_files_restrict(settings, &facts.landlock, err) != ERR_NONE ||
        sandbox_calls_restrict(&facts.calls, err) != ERR_NONE)
        return err->code;
    *out_facts = facts;
    return ERR_NONE;
}

enum err_code sandbox_close(struct err *err)
{
    return sandbox_calls_no_listen(err);
}
