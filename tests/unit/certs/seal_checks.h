/* For the tests of seals' form: recipes that are built and read. */
#pragma once

#include "seal_fixture.h"

/* For cmocka: makes the world that recipes are of, and removes it. */
int seal_checks_start(void **state);
int seal_checks_stop(void **state);
struct seal_world *seal_checks_world(void);

enum err_code seal_checks_read_der(struct span der, struct err *err);
enum err_code seal_checks_read(const struct seal_recipe *recipe, struct err *err);
void seal_checks_good(const struct seal_recipe *recipe);
/* where: what the detail must name. */
void seal_checks_refused(const struct seal_recipe *recipe, enum err_code code, const char *where);
