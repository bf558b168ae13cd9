#include "load_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "load_client.h"
#include "load_times.h"

#define HEAD_BYTES_MAX 1024
#define FRAME_HEAD_BYTES_MAX 8
#define MASK_BYTES 4
#define LENGTH_16_BIT 126
/* Not measured: the first ones warm both sides up. */
#define WARM_ROUND_TRIPS 200

static void say(struct load_client *client, const void *bytes, size_t length)
{
    while (!load_write(client, bytes, length))
        load_wait(client);
}

static void hear(struct load_client *client, uint8_t *into, size_t length)
{
    size_t heard = 0;
    while (heard < length) {
        size_t count;
        if (load_read(client, into + heard, length - heard, &count))
            heard += count;
        else
            load_wait(client);
    }
}

static void upgrade(struct load_client *client, uint16_t port, const char *path)
{
    char head[HEAD_BYTES_MAX] = "";
    int length = snprintf(head, sizeof head,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: Upgrade\r\n"
                          "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Protocol: echo\r\n"
                          "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
                          path, port);
    while (!load_shake_hands(client))
        load_wait(client);
    say(client, head, (size_t)length);
    for (size_t i = 0; i < sizeof head && (i < 4 || memcmp(head + i - 4, "\r\n\r\n", 4) != 0); i++)
        hear(client, (uint8_t *)head + i, 1);
    if (strncmp(head, "HTTP/1.1 101 ", 13) != 0)
        load_fail("no WebSocket");
}

/* The head of a text frame; its length. masked: by a mask of zeros, which leaves the bytes as they are. */
static size_t frame_head(uint8_t *into, size_t message_bytes, uint8_t masked)
{
    bool is_long = message_bytes >= LENGTH_16_BIT;
    size_t length = 0;
    into[length++] = 0x81;
    into[length++] = masked | (uint8_t)(is_long ? LENGTH_16_BIT : message_bytes);
    if (is_long) {
        into[length++] = (uint8_t)(message_bytes >> 8);
        into[length++] = (uint8_t)message_bytes;
    }
    return length;
}

void load_socket(uint16_t port, const char *path, size_t message_bytes, unsigned long round_trips)
{
    SSL_CTX *context = load_context();
    struct load_client client;
    struct load_times times = {0};
    uint8_t *sent = memory_new(FRAME_HEAD_BYTES_MAX + message_bytes);
    uint8_t *heard = memory_new(FRAME_HEAD_BYTES_MAX + message_bytes);
    size_t sent_head = frame_head(sent, message_bytes, 0x80) + MASK_BYTES;
    size_t heard_head = frame_head(heard, message_bytes, 0);
    memset(sent + sent_head, 'x', message_bytes);
    load_open(&client, context, port);
    upgrade(&client, port, path);
    int64_t since_ns = load_now_ns();
    for (unsigned long i = 0; i < WARM_ROUND_TRIPS + round_trips; i++) {
        int64_t start_ns = load_now_ns();
        say(&client, sent, sent_head + message_bytes);
        hear(&client, heard, heard_head + message_bytes);
        if (i >= WARM_ROUND_TRIPS)
            load_times_add(&times, load_now_ns() - start_ns);
    }
    if (memcmp(heard + heard_head, sent + sent_head, message_bytes) != 0)
        load_fail("another message came back");
    load_times_print(&times, load_now_ns() - since_ns);
    load_close(&client);
    free(sent);
    free(heard);
    SSL_CTX_free(context);
}
