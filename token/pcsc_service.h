/* Whether pcscd runs, and sleeping until it does: its socket's folder is watched, nothing is polled. */
#pragma once

#include <stdbool.h>

enum pcsc_service_probe {
    PCSC_SERVICE_ABSENT, /* no socket, or nobody listens at it */
    PCSC_SERVICE_FORBIDDEN, /* the socket's mode keeps us out */
    PCSC_SERVICE_LISTENING,
};

struct pcsc_service;

/* Where the client library looks: PCSCLITE_CSOCK_NAME, else /run/pcscd/pcscd.comm. */
const char *pcsc_service_socket(void);
/* Tells apart what pcsc-lite reports with one code (8010001D). */
enum pcsc_service_probe pcsc_service_probe(const char *socket_path);

/* Watches for socket_path; never fails, see pcsc_service_can_watch. */
struct pcsc_service *pcsc_service_new(const char *socket_path);
void pcsc_service_free(struct pcsc_service *service);
/* Call it before each try to reach the service, so that what happens in between is not missed. Puts the
 * watch on the deepest folder of the path that exists. */
void pcsc_service_arm(struct pcsc_service *service);
/* False when the kernel gave us no watch: then wait with a time-out. */
bool pcsc_service_can_watch(const struct pcsc_service *service);
/* Sleeps until something happened to the path's part that was missing (true), until stop_fd is readable
 * or until timeout_ms have passed (-1: never). */
bool pcsc_service_wait(struct pcsc_service *service, int stop_fd, int timeout_ms);
