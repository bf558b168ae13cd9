/* The driver for keys of GM/T 0017-2012. See README.md. */
#pragma once

#include "token/token_driver.h"

extern const struct token_driver gmt0017_driver;
