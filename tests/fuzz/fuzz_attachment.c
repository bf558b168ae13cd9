/* Attachments: the first lines of an input are the name and the type that its sender gives, the rest is the
 * file. */
#include <strings.h>

#include "fuzz.h"
#include "fuzz_input.h"
#include "portal/portal_attachment_check.h"

static void check_name(const char *name)
{
    struct err err = ERR_INIT;
    if (portal_attachment_check_name(name, &err) != ERR_NONE) {
        fuzz_require(err.code == ERR_ATTACHMENT_NAME);
        return;
    }
    fuzz_require(strpbrk(name, "/\\\r\n\t") == NULL &&
                 strlen(name) <= PORTAL_ATTACHMENT_NAME_BYTES_MAX);
    fuzz_require(name[0] != '\0' && name[0] != '.' && name[0] != ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    AUTO(memory_freep) char *name = fuzz_line(&rest);
    AUTO(memory_freep) char *type = fuzz_line(&rest);
    enum portal_attachment_type found = PORTAL_ATTACHMENT_TYPE_COUNT;
    struct err err = ERR_INIT;
    if (name == NULL)
        return 0;
    check_name(name);
    if (portal_attachment_check(rest, name, type, &found, &err) != ERR_NONE) {
        fuzz_require(err.code == ERR_ATTACHMENT_TYPE && found == PORTAL_ATTACHMENT_TYPE_COUNT);
        return 0;
    }
    fuzz_require(found < PORTAL_ATTACHMENT_TYPE_COUNT);
    fuzz_require(type != NULL && strcasecmp(type, portal_attachment_type_text(found)) == 0);
    return 0;
}
