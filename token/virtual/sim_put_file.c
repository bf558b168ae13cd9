#include "token/virtual/sim_put_file.h"

#include <stdio.h>

#include "base/file.h"
#include "token/virtual/sim_commands.h"
#include "token/virtual/sim_options.h"

enum err_code sim_put_content(struct virtual_card *card, const char *name, const char *path,
                              struct err *err)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    if (file_read(path, VIRTUAL_FILE_BYTES_MAX, &content, err) != ERR_NONE)
        return err->code;
    return virtual_card_put_file(card, name, span_bytes(content), err);
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
    AUTO(virtual_card_freep) struct virtual_card *card = NULL;
    if (sim_options_read(options, ARRAY_SIZE(options), arguments, count, NULL, err) != ERR_NONE ||
        virtual_card_load(state, &card, err) != ERR_NONE ||
        sim_put_content(card, name, path, err) != ERR_NONE ||
        virtual_card_save(card, state, err) != ERR_NONE)
        return err->code;
    printf("%s\n", name);
    return ERR_NONE;
}
