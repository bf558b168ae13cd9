/* The entry of PIV keys in the list of drivers. */
#pragma once

#include "token/token_driver.h"

extern const struct token_driver piv_driver;
