#pragma once
#include <stddef.h>
size_t stands(void);
