/* Where on loopback the agent answers with its own certificate. */
#pragma once

#include "agent/doctor/doctor_fetch.h"
#include "agent/doctor/doctor_world.h"

/* As agent/web tries them: each is an HTTPS port and the plain one above it. */
#define DOCTOR_PORT_PAIRS 3
#define DOCTOR_PORT_STEP 10

struct doctor_identity {
    int port; /* of HTTPS; 0: nowhere */
    bool expired; /* it answers, with a certificate that is not valid now */
    char words[DOCTOR_FETCH_NAME_BYTES]; /* why not */
    bool agent[DOCTOR_PORT_PAIRS]; /* an agent answers there, ours or another user's */
};

/* The first HTTPS port of the settings. */
int doctor_identity_first_port(const struct doctor_world *world);
/* What it means: fetched are the looks with the agent's certificate as the only root, then those that trust anybody. */
void doctor_identity_judge(const struct doctor_fetched fetched[2 * DOCTOR_PORT_PAIRS], int first,
                           struct doctor_identity *out);
/* Tries all pairs for at most DOCTOR_IDENTITY_MS. */
#define DOCTOR_IDENTITY_MS 3000
void doctor_identity_look(const struct doctor_world *world, struct doctor_identity *out);
