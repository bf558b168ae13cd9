#include "agent/doctor/doctor_identity.h"

#include <stdio.h>

#define DEFAULT_PORT 27510
#define CERTIFICATE "identity/loopback.pem"
/* How the subject of every agent's certificate begins: agent/web/web_identity.c. */
#define SUBJECT "ukeyd"
/* Source: OpenSSL, x509_vfy.h. */
#define X509_NOT_YET_VALID 9
#define X509_EXPIRED 10

int doctor_identity_first_port(const struct doctor_world *world)
{
    return world->config == NULL ? DEFAULT_PORT : world->config->port;
}

void doctor_identity_judge(const struct doctor_fetched fetched[2 * DOCTOR_PORT_PAIRS], int first,
                           struct doctor_identity *out)
{
    for (int i = 0; i < DOCTOR_PORT_PAIRS; i++) {
        const struct doctor_fetched *one = &fetched[i];
        out->agent[i] = strstr(fetched[DOCTOR_PORT_PAIRS + i].subject, SUBJECT) != NULL;
        if (one->curl_code == 0 && out->port == 0)
            out->port = first + i * DOCTOR_PORT_STEP;
        bool untimely =
            one->verify_result == X509_EXPIRED || one->verify_result == X509_NOT_YET_VALID;
        /* Of the first port, unless a later one says what is wrong with the certificate. */
        if (i == 0 || (untimely && !out->expired))
            memcpy(out->words, one->words, sizeof out->words);
        out->expired |= untimely;
    }
}

void doctor_identity_look(const struct doctor_world *world, struct doctor_identity *out)
{
    struct err err = ERR_INIT;
    int first = doctor_identity_first_port(world);
    char urls[DOCTOR_PORT_PAIRS][64];
    struct doctor_fetch fetches[2 * DOCTOR_PORT_PAIRS];
    struct doctor_fetched fetched[2 * DOCTOR_PORT_PAIRS];
    AUTO(memory_freep)
    char *certificate =
        memory_printf("%s/" CERTIFICATE, world->state_folder == NULL ? "" : world->state_folder);
    *out = (struct doctor_identity){0};
    for (int i = 0; i < DOCTOR_PORT_PAIRS; i++) {
        snprintf(urls[i], sizeof urls[i], "https://127.0.0.1:%d/v1/status",
                 first + i * DOCTOR_PORT_STEP);
        fetches[i] = (struct doctor_fetch){
            .url = urls[i], .ca_file = certificate, .proxy = "", .timeout_ms = DOCTOR_IDENTITY_MS};
        fetches[DOCTOR_PORT_PAIRS + i] = fetches[i];
        fetches[DOCTOR_PORT_PAIRS + i].unverified = true;
    }
    if (doctor_fetch(fetches, ARRAY_SIZE(fetches), fetched, &err) != ERR_NONE) {
        snprintf(out->words, sizeof out->words, "%.*s", (int)sizeof out->words - 1, err.detail);
        return;
    }
    doctor_identity_judge(fetched, first, out);
}
