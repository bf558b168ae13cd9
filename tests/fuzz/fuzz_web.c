/* The agent's whole web side on a socket: gate, routes and their JSON. An input that begins with 'l' comes
 * through the Unix socket, any other one through TCP, where "27510" stands for the port. */
#include <stdio.h>
#include <unistd.h>

#include "agent/web/web.h"
#include "base/file.h"
#include "base/log.h"
#include "fuzz.h"
#include "fuzz_input.h"
#include "fuzz_wire.h"
#include "http/http_server.h"
#include "tests/unit/agent/web/stand_in_ops.h"

#define LISTED "https://portal.test"
#define PORT_IN_INPUTS "27510"
#define PORT_DIGITS 5
#define HEARD_BYTES_MAX ((size_t)4 << 20)

static struct loop *loop;
static struct ops ops;
static struct web *web;
static char *socket_path;
static uint16_t port;

static bool origin_listed(void *context, const char *origin)
{
    return strcmp(origin, LISTED) == 0;
}

static void start(void)
{
    struct web_inherited inherited = {.fd = -1};
    struct err err = ERR_INIT;
    char *folder = fuzz_folder();
    log_set_level(LOG_LEVEL_ERROR);
    fuzz_require(loop_new(&loop, &err) == ERR_NONE);
    fuzz_require(http_listen_tcp("127.0.0.1", 0, &inherited.fd, &port, &err) == ERR_NONE);
    const struct web_options options = {
        .loop = loop,
        .ops = &ops,
        .state_folder = folder,
        .runtime_folder = folder,
        .origin_listed = origin_listed,
        .unlimited = true,
        .inherited = &inherited,
        .inherited_count = 1,
    };
    fuzz_require(web_new(&options, &web, &err) == ERR_NONE);
    socket_path = file_join(folder, WEB_SOCKET_NAME);
    stand_in_add(&ops, LISTED);
    free(folder);
}

static void put_port(uint8_t *bytes, size_t size)
{
    char digits[PORT_DIGITS + 2];
    uint8_t *at = bytes;
    snprintf(digits, sizeof digits, "%05u", port);
    while ((at = memmem(at, size - (size_t)(at - bytes), PORT_IN_INPUTS, PORT_DIGITS)) != NULL)
        memcpy(at, digits, PORT_DIGITS);
}

static void check_answer(struct span heard)
{
    fuzz_require(heard.len == 0 || (heard.len > 12 && memcmp(heard.at, "HTTP/1.1 ", 9) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buf_done) struct buf heard = BUF_INIT(HEARD_BYTES_MAX);
    if (size == 0 || size > FUZZ_WIRE_BYTES_MAX)
        return 0;
    if (loop == NULL)
        start();
    bool local = data[0] == 'l';
    AUTO(bytes_freep) struct bytes *said = bytes_new(span_of(data + local, size - local));
    int before = atomic_load(&ops.calls);
    put_port(said->at, said->len);
    int fd = local ? fuzz_wire_connect_unix(socket_path) : fuzz_wire_connect_tcp(port);
    fuzz_wire_talk(loop, fd, span_bytes(said), FUZZ_WIRE_CLOSES, &heard);
    close(fd);
    check_answer(buf_span(&heard));
    /* nothing reaches an operation from a page that is not listed */
    bool listed = memmem(said->at, said->len, LISTED, strlen(LISTED)) != NULL;
    fuzz_require(local || listed || atomic_load(&ops.calls) == before);
    stand_in_finish_reading(&ops);
    return 0;
}
