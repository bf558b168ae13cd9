/* A client that measures any HTTPS server on 127.0.0.1 in the same way: requests on connections that stay
 * open, full handshakes, or round trips on a WebSocket. One thread; prints one line of JSON. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_client.h"
#include "load_requests.h"
#include "load_socket.h"

struct asked {
    const char *mode;
    struct load_plan plan;
    size_t message_bytes;
};

static const struct option options[] = {
    {"port", required_argument, NULL, 'p'},        {"path", required_argument, NULL, 'a'},
    {"origin", required_argument, NULL, 'o'},      {"ms", required_argument, NULL, 't'},
    {"connections", required_argument, NULL, 'c'}, {"count", required_argument, NULL, 'n'},
    {"bytes", required_argument, NULL, 'b'},       {0},
};

static void take(struct asked *asked, int option, const char *value)
{
    unsigned long number = strtoul(value, NULL, 10);
    switch (option) {
    case 'p':
        asked->plan.port = (uint16_t)number;
        break;
    case 'a':
        asked->plan.path = value;
        break;
    case 'o':
        asked->plan.origin = value;
        break;
    case 't':
        asked->plan.ns = (int64_t)number * 1000000;
        break;
    case 'c':
        asked->plan.connections = (unsigned)number;
        break;
    case 'n':
        asked->plan.requests = number;
        break;
    case 'b':
        asked->message_bytes = number;
        break;
    default:
        load_fail(
            "usage: web_load requests|handshakes|socket --port N --path P [--origin O] [--ms N | "
            "--count N] [--connections N] [--bytes N]");
    }
}

static struct asked read_arguments(int count, char **arguments)
{
    struct asked asked = {.mode = "", .plan = {.path = "/", .connections = 1}};
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1)
        take(&asked, option, optarg != NULL ? optarg : "");
    if (optind < count)
        asked.mode = arguments[optind];
    return asked;
}

int main(int argc, char **argv)
{
    struct asked asked = read_arguments(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    asked.plan.fresh = strcmp(asked.mode, "handshakes") == 0;
    if (strcmp(asked.mode, "socket") == 0)
        load_socket(asked.plan.port, asked.plan.path, asked.message_bytes, asked.plan.requests);
    else if (asked.plan.fresh || strcmp(asked.mode, "requests") == 0)
        load_requests(&asked.plan);
    else
        load_fail("requests, handshakes or socket?");
    return 0;
}
