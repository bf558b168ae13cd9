#include "agent/web/web_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

struct question {
    struct nlmsghdr header;
    struct inet_diag_req_v2 request;
};

bool web_peer_is_loopback(const struct sockaddr *peer)
{
    const struct sockaddr_in *v4 = (const void *)peer;
    const struct sockaddr_in6 *v6 = (const void *)peer;
    if (peer->sa_family == AF_INET)
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    return peer->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static struct question question_of(uint8_t family, uint16_t source_port, uint16_t target_port)
{
    return (struct question){
        .header =
            {
                .nlmsg_len = sizeof(struct question),
                .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                .nlmsg_flags = NLM_F_REQUEST,
            },
        .request =
            {
                .sdiag_family = family,
                .sdiag_protocol = IPPROTO_TCP,
                .idiag_states = UINT32_MAX,
                .id =
                    {
                        .idiag_sport = htons(source_port),
                        .idiag_dport = htons(target_port),
                        .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE},
                    },
            },
    };
}

static enum err_code read_answer(const void *bytes, size_t length, uid_t *out, struct err *err)
{
    const struct nlmsghdr *header = bytes;
    if (length < sizeof *header || header->nlmsg_len > length)
        return err_set(err, ERR_SOCKET, "a short answer from the kernel");
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY)
        return err_set(err, ERR_HTTP_PEER, "the kernel knows no such socket");
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
        return err_set(err, ERR_SOCKET, "a short answer from the kernel");
    struct inet_diag_msg message;
    memcpy(&message, (const uint8_t *)bytes + NLMSG_HDRLEN, sizeof message);
    *out = message.idiag_uid;
    return ERR_NONE;
}

/* The kernel answers while it takes the question, so nothing is waited for. */
static enum err_code ask(const struct question *question, uid_t *out, struct err *err)
{
    _Alignas(struct nlmsghdr) uint8_t answer[4096];
    AUTO(file_closep)
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
    if (fd < 0 || send(fd, question, sizeof *question, 0) != (ssize_t)sizeof *question)
        return err_set_errno(err, ERR_SOCKET, "ask the kernel for a socket's owner");
    ssize_t got = recv(fd, answer, sizeof answer, 0);
    if (got < 0)
        return err_set_errno(err, ERR_SOCKET, "read a socket's owner");
    return read_answer(answer, (size_t)got, out, err);
}

enum err_code web_peer_uid(const struct sockaddr *peer, uint16_t our_port, uid_t *out,
                           struct err *err)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct question question;
    if (peer->sa_family == AF_INET) {
        memcpy(&v4, peer, sizeof v4);
        question = question_of(AF_INET, ntohs(v4.sin_port), our_port);
        question.request.id.idiag_src[0] = v4.sin_addr.s_addr;
        question.request.id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
    } else if (peer->sa_family == AF_INET6) {
        memcpy(&v6, peer, sizeof v6);
        question = question_of(AF_INET6, ntohs(v6.sin6_port), our_port);
        memcpy(question.request.id.idiag_src, &v6.sin6_addr, sizeof v6.sin6_addr);
        memcpy(question.request.id.idiag_dst, &in6addr_loopback, sizeof in6addr_loopback);
    } else {
        return err_set(err, ERR_HTTP_PEER, "not an Internet address");
    }
    return ask(&question, out, err);
}

bool web_peer_holder(uint16_t port, uid_t *out)
{
    struct err err = ERR_INIT;
    struct question question = question_of(AF_INET, port, 0);
    question.request.id.idiag_src[0] = htonl(INADDR_LOOPBACK);
    return ask(&question, out, &err) == ERR_NONE;
}
