#include "token/virtual/sim_put_file.h"

#include <stdio.h>

#include "base/file.h"
#include "token/virtual/sim_commands.h"
#include "token/virtual/sim_options.h"
#include "token/virtual/virtual_personal.h"
#include "token/virtual/virtual_state.h"

enum err_code sim_put_content(struct virtual_objects *objects, const char *name, const char *path,
                              struct err *err)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    if (file_read(path, VIRTUAL_FILE_BYTES_MAX, &content, err) != ERR_NONE)
        return err->code;
    return virtual_personal_put_file(objects, name, span_bytes(content), err);
}

enum err_code sim_put_file(const char *const *arguments, int count, struct err *err)
{
    const char *state = NULL;
    const char *path = NULL;
    const char *name = SIM_SEAL_NAME;
    const struct sim_option options[] = {
        {"state", SIM_OPTION_TEXT, .required = true, .out = &state},
        {"file", SIM_OPTION_TEXT, .required = true, .out = &path},
        {"name", SIM_OPTION_TEXT, .out = &name},
    };
    AUTO(virtual_objects_freep) struct virtual_objects *objects = NULL;
    if (sim_options_read(options, ARRAY_SIZE(options), arguments, count, NULL, err) != ERR_NONE ||
        virtual_state_load(state, &objects, err) != ERR_NONE ||
        sim_put_content(objects, name, path, err) != ERR_NONE ||
        virtual_state_save(objects, state, err) != ERR_NONE)
        return err->code;
    printf("%s\n", name);
    return ERR_NONE;
}
