#include "agent/trust/trust_certutil.h"

#include <string.h>

#include "agent/child.h"

/* Source: NSS 3.87, what certutil said when each was provoked. */
static enum err_code meaning_of(const char *messages)
{
    static const struct {
        const char *text;
        enum err_code code;
    } meanings[] = {
        {"SEC_ERROR_BAD_PASSWORD", ERR_TRUST_PASSWORD},
        {"SEC_ERROR_TOKEN_NOT_LOGGED_IN", ERR_TRUST_PASSWORD},
        {"SEC_ERROR_READ_ONLY", ERR_TRUST_READ_ONLY},
        {"PR_NO_ACCESS_RIGHTS_ERROR", ERR_TRUST_READ_ONLY},
    };
    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if (strstr(messages, meanings[i].text) != NULL)
            return meanings[i].code;
    return ERR_TRUST_DATABASE;
}

/* Some messages go to the output. */
static enum err_code refused(const struct child_result *result, struct err *err)
{
    struct bytes *said = result->messages->len > 0 ? result->messages : result->output;
    char *text = (char *)said->at;
    for (char *at = strchr(text, '\n'); at != NULL; at = strchr(at, '\n'))
        *at = at[1] == '\0' ? '\0' : ' ';
    err_set_foreign(err, meaning_of(text), result->status, "%s", text);
    text_repair_utf8(err->detail);
    return err->code;
}

static enum err_code not_run(struct err *err)
{
    if (err->code == ERR_FILE_MISSING)
        err->code = ERR_TRUST_TOOL_MISSING;
    else if (err->code == ERR_FILE)
        err->code = ERR_TRUST_DATABASE;
    return err->code;
}

enum err_code trust_certutil_run(const struct trust_certutil *tool, const char *const *arguments,
                                 struct span input, struct bytes **out_text, struct err *err)
{
    AUTO(child_result_done) struct child_result result = {0};
    AUTO(memory_freep)
    char *libraries =
        tool->libraries == NULL ? NULL : memory_printf("LD_LIBRARY_PATH=%s", tool->libraries);
    /* What it needs: its messages are read, so they must be English. */
    char *const environment[] = {
        (char *)(uintptr_t) "PATH=/usr/bin:/bin",
        (char *)(uintptr_t) "LC_ALL=C",
        libraries,
        NULL,
    };
    const struct child child = {
        .program = tool->program,
        .arguments = arguments,
        .environment = environment,
        .input = input,
        .cancel = tool->cancel,
        .timeout_ms = TRUST_CERTUTIL_MS,
        .output_bytes_max = TRUST_CERTUTIL_OUTPUT_MAX,
    };
    if (child_perform(&child, &result, err) != ERR_NONE)
        return not_run(err);
    if (result.status != 0)
        return refused(&result, err);
    if (out_text != NULL)
        *out_text = TAKE(result.output);
    return ERR_NONE;
}
