/* How long a typical real key takes for a command: round figures, to make a demo feel real. */
#pragma once

#include <stdint.h>

/* Milliseconds, by INS. */
uint32_t virtual_latency_ms(uint8_t ins);
