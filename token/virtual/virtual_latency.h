/* How long a typical real key takes for a command: round figures, to make a demo feel real. */
#pragma once

#include <stdint.h>

/* Milliseconds, by INS of GM/T 0017. */
uint32_t virtual_latency_ms(uint8_t ins);
/* The same of PIV. */
uint32_t virtual_latency_piv_ms(uint8_t ins);
