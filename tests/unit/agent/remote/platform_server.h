/* For the tests: the platform of platform_server.py, and how to call it. */
#pragma once

#include "agent/remote/remote.h"

struct platform_ports {
    int good, wrong_host, stranger, old_tls, handshake_cut, proxy_407, proxy_choice, proxy_502,
        closed;
};

/* argv[1] of the test is the script. Ends the test when it does not start. */
void platform_server_start(const char *script);
void platform_server_stop(void);
const struct platform_ports *platform_server_ports(void);

/* A call to a port with a first part of the path; the platform in it lives until the next one. */
struct remote_call platform_server_call(int port, const char *mode, int deadline_ms);
/* Requests that came with this first part. */
int platform_server_count(const char *mode);
/* All of them as text; the caller frees. */
struct bytes *platform_server_requests(const char *mode);

/* A job as the platform gives it. */
#define PLATFORM_JOB_ID "0123456789abcdef0123456789abcdef"
#define PLATFORM_JOB_SECRET "0123456789-abcdefghijklmnopqrstuvwxyz_01234567"
struct remote_job *platform_server_job(void);
