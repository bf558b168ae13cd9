/* A PIV token on the bench: PIN 123456, PUK 12345678, the shipped management key, no key pair. Commands go
 * through bench_send(&bench.bench, ...). */
#pragma once

#include "bench.h"
#include "token/virtual/virtual_piv_objects.h"

#define PIN "313233343536FFFF"
#define PUK "3132333435363738"
#define WRONG_PIN "363534333231FFFF"
#define NEW_PIN "36353433323137FF"
/* Of 9C. */
#define CERTIFICATE_TAG "5FC10A"

struct piv_bench {
    struct bench bench; /* card and answer only */
    struct virtual_piv_objects *objects; /* the token's own, to be looked at and changed */
};

/* profile is borrowed for as long as the bench. The application is selected. */
void piv_bench_init(struct piv_bench *bench, const struct virtual_piv_profile *profile);
void piv_bench_done(struct piv_bench *bench);

unsigned piv_bench_select(struct piv_bench *bench);
unsigned piv_bench_verify(struct piv_bench *bench);
/* Proves the management key, as a terminal does. */
unsigned piv_bench_manage(struct piv_bench *bench);
/* GENERATE; the answer is fetched as a whole. algorithm: 07, 11 or 14. */
unsigned piv_bench_generate(struct piv_bench *bench, unsigned slot, unsigned algorithm);
/* As bench_send; what is announced by 61xx is fetched, and all parts are the answer. */
unsigned piv_bench_fetch(struct piv_bench *bench, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
