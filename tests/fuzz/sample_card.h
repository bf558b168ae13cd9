/* A virtual key as a bidder has it: an application with PINs 12345678 and 123456, a container "box" with
 * both pairs of SM2 and their certificates, a file "seal". In memory only. */
#pragma once

#include "token/virtual/virtual_card.h"

/* The caller frees. */
struct virtual_card *sample_card(void);
