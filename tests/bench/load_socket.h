/* A WebSocket whose messages the server sends back. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Prints the times of so many round trips of messages of so many bytes, one after the other. */
void load_socket(uint16_t port, const char *path, size_t message_bytes, unsigned long round_trips);
