/* What a pinentry says. */
#include <sys/socket.h>
#include <unistd.h>

#include "agent/prompt/assuan.h"
#include "fuzz.h"
#include "fuzz_input.h"

/* Less than a socket holds, so that the input is written at once. */
#define INPUT_BYTES_MAX 65536
#define ROOM_BYTES 64
#define ANSWERS_MAX 50

static int judge(void *context, struct span typed)
{
    fuzz_touch(typed);
    return (int)typed.len - 3;
}

static void hear(struct assuan *assuan)
{
    struct secret *room = NULL;
    struct err err = ERR_INIT;
    fuzz_require(secret_new(ROOM_BYTES, &room, &err) == ERR_NONE);
    const struct assuan_wait wait = {.deadline = deadline_in_ms(2000)};
    assuan_set_quality(assuan, judge, NULL);
    for (int i = 0; i < ANSWERS_MAX; i++) {
        struct assuan_answer answer = {0};
        if (assuan_receive(assuan, &wait, i % 2 == 0 ? room : NULL, &answer, &err) != ERR_NONE)
            break;
        fuzz_require(answer.ok || answer.code != 0 || !answer.ok);
        fuzz_touch(secret_peek(room));
    }
    /* the input is over, so it can't end by waiting */
    fuzz_require(err.code == ERR_NONE || err.code == ERR_PIN_LENGTH ||
                 err.code == ERR_PROMPT_UNAVAILABLE);
    secret_free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int pair[2];
    struct assuan *assuan = NULL;
    struct err err = ERR_INIT;
    if (size > INPUT_BYTES_MAX)
        return 0;
    fuzz_require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    fuzz_require(send(pair[1], data, size, MSG_DONTWAIT) == (ssize_t)size);
    fuzz_require(shutdown(pair[1], SHUT_WR) == 0);
    fuzz_require(assuan_new(pair[0], &assuan, &err) == ERR_NONE);
    hear(assuan);
    assuan_free(assuan);
    close(pair[0]);
    close(pair[1]);
    return 0;
}
