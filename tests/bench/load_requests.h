/* Many connections that ask for one path, each again as soon as it is answered. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct load_plan {
    uint16_t port;
    const char *path;
    const char *origin; /* NULL: none */
    unsigned connections;
    unsigned long requests; /* 0: as many as fit */
    int64_t ns; /* how long; 0: until the requests are done */
    bool fresh; /* each request on a connection of its own, after a full handshake */
};

/* Prints the times: of a request from its first byte, of a fresh one from the connection on. */
void load_requests(const struct load_plan *plan);
