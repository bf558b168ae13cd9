#include "tests/unit/agent/config/fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/scratch.h"

int files_start(void **state)
{
    *state = memory_printf("%s/config.XXXXXX", scratch_top());
    return mkdtemp(*state) == NULL ? -1 : 0;
}

int files_stop(void **state)
{
    AUTO(memory_freep) char *folder = *state;
    AUTO(memory_freep) char *command = memory_printf("rm -rf %s", folder);
    return system(command);
}

char *files_path(const char *folder, const char *name)
{
    return file_join(folder, name);
}

void files_put(const char *folder, const char *name, struct span content)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = files_path(folder, name);
    assert_int_equal(file_write_atomic(path, content, 0600, &err), ERR_NONE);
}
