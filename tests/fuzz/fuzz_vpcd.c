/* What a virtual reader says to the virtual key: frames with control codes and commands. */
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "fuzz_wire.h"
#include "http/http_server.h"
#include "sample_card.h"
#include "token/virtual/virtual_vpcd.h"

#define HEARD_BYTES_MAX ((size_t)8 << 20)

static struct loop *loop;
static int listener = -1;
static uint16_t port;

static void start(void)
{
    struct err err = ERR_INIT;
    fuzz_require(loop_new(&loop, &err) == ERR_NONE);
    fuzz_require(http_listen_tcp("127.0.0.1", 0, &listener, &port, &err) == ERR_NONE);
}

/* Whole frames, none of them empty. */
static void check_frames(struct span heard)
{
    while (heard.len >= 2) {
        size_t length = (size_t)heard.at[0] << 8 | heard.at[1];
        fuzz_require(length >= 2);
        if (length > heard.len - 2)
            return;
        heard = span_of(heard.at + 2 + length, heard.len - 2 - length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct virtual_vpcd *vpcd = NULL;
    struct err err = ERR_INIT;
    AUTO(buf_done) struct buf heard = BUF_INIT(HEARD_BYTES_MAX);
    if (size > FUZZ_WIRE_BYTES_MAX)
        return 0;
    if (loop == NULL)
        start();
    const struct virtual_vpcd_options options = {.host = "127.0.0.1", .port = port, .trace_fd = -1};
    fuzz_require(virtual_vpcd_open(loop, sample_card(), &options, &vpcd, &err) == ERR_NONE);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    fuzz_require(fd >= 0);
    fuzz_wire_talk(loop, fd, span_of(data, size), FUZZ_WIRE_LOOKS, &heard);
    check_frames(buf_span(&heard));
    virtual_vpcd_free(vpcd);
    close(fd);
    return 0;
}
