/* One thing wrong on a PIV token, as no right program leaves it: for fault_oracle_test.c. */
#pragma once

#include "tests/fault/fault_world.h"

void fault_spoil_piv_key_in_use(struct fault_world *world);
void fault_spoil_piv_certificate_in_use(struct fault_world *world);
void fault_spoil_piv_place(struct fault_world *world);
void fault_spoil_piv_old_key(struct fault_world *world);
void fault_spoil_piv_old_certificate(struct fault_world *world);
void fault_spoil_piv_certificate_of_another(struct fault_world *world);
void fault_spoil_piv_history(struct fault_world *world);
void fault_spoil_piv_one_pair_more(struct fault_world *world);
void fault_spoil_piv_pin(struct fault_world *world);
void fault_spoil_piv_pin_try(struct fault_world *world);
void fault_spoil_piv_puk_try(struct fault_world *world);
/* As the platform derived it at first, though it has been replaced since. */
void fault_spoil_piv_first_puk(struct fault_world *world);
void fault_spoil_piv_other_puk(struct fault_world *world);
void fault_spoil_piv_management_key(struct fault_world *world);
void fault_spoil_piv_seal(struct fault_world *world);
