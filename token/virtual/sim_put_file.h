/* A file of the computer becomes one on the key. */
#pragma once

#include "token/virtual/virtual_card.h"

/* What a seal's file is called when nobody says otherwise. */
#define SIM_SEAL_NAME "seal"

/* Fails as file_read and virtual_card_put_file. */
MUST_CHECK enum err_code sim_put_content(struct virtual_card *card, const char *name,
                                         const char *path, struct err *err);
