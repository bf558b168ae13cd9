#include "seal_checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/seal_asn1.h"

static struct seal_world *world;

int seal_checks_start(void **state)
{
    world = seal_world_new(CERT_SM2);
    return 0;
}

int seal_checks_stop(void **state)
{
    seal_world_freep(&world);
    return 0;
}

struct seal_world *seal_checks_world(void)
{
    return world;
}

enum err_code seal_checks_read_der(struct span der, struct err *err)
{
    struct seal_parts parts;
    *err = ERR_INIT;
    return seal_asn1_read(der, &parts, err);
}

enum err_code seal_checks_read(const struct seal_recipe *recipe, struct err *err)
{
    AUTO(bytes_freep) struct bytes *der = seal_recipe_build(recipe);
    assert_non_null(der);
    return seal_checks_read_der(span_bytes(der), err);
}

void seal_checks_good(const struct seal_recipe *recipe)
{
    struct err err;
    if (seal_checks_read(recipe, &err) != ERR_NONE)
        fail_msg("%s: %s", err_code_text(err.code), err.detail);
}

void seal_checks_refused(const struct seal_recipe *recipe, enum err_code code, const char *where)
{
    struct err err;
    assert_int_equal(seal_checks_read(recipe, &err), code);
    if (strstr(err.detail, where) == NULL)
        fail_msg("\"%s\" does not name %s", err.detail, where);
}
