#include "http/http_request.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http_problem.h"

#define ANSWER_BYTES_MAX 16384
#define WAIT_MS 5000

struct rig {
    struct http_server_options options;
    void (*reply)(struct http_request *request);
    struct http_request *request; /* the one that MHD has */
    int kicks;
    int decorations;
};

static void kick(void *context)
{
    struct rig *rig = context;
    rig->kicks++;
}

static void decorate(void *context, struct http_request *request)
{
    struct rig *rig = context;
    rig->decorations++;
    http_reply_header(request, "X-Decorated", "yes");
}

static struct http_request *new_request(struct rig *rig, struct MHD_Connection *mhd)
{
    struct http_request *request = memory_new(sizeof *request);
    request->options = &rig->options;
    request->mhd = mhd;
    request->path = memory_text("/");
    request->kick = kick;
    request->kick_context = rig;
    return request;
}

/* A reply that gives no answer leaves it for later. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_length, void **request_context)
{
    struct rig *rig = context;
    if (rig->request == NULL) {
        rig->request = *request_context = new_request(rig, mhd);
        return MHD_YES;
    }
    if (!rig->request->answered)
        rig->reply(rig->request);
    if (rig->request->answered)
        return http_reply_queue(rig->request);
    rig->request->suspended = true;
    MHD_suspend_connection(mhd);
    return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *mhd, void **request_context,
                         enum MHD_RequestTerminationCode why)
{
    struct rig *rig = context;
    if (rig->request != NULL)
        http_request_free(TAKE(rig->request));
}

static struct MHD_Daemon *start(struct rig *rig, const char *lang, int *out_client)
{
    struct sockaddr address = {.sa_family = AF_UNSPEC};
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    struct MHD_Daemon *mhd = MHD_start_daemon(
        MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, rig,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, rig, MHD_OPTION_END);
    assert_non_null(mhd);
    assert_int_equal(MHD_add_connection(mhd, ends[0], &address, sizeof address), MHD_YES);
    AUTO(memory_freep)
    char *head = memory_printf("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                               "Accept-Language: %s\r\n\r\n",
                               lang);
    assert_int_equal(send(ends[1], head, strlen(head), 0), strlen(head));
    *out_client = ends[1];
    return mhd;
}

/* Runs MHD until the answer is there, or, with out NULL, until the request rests. */
static void run(struct rig *rig, struct MHD_Daemon *mhd, int client, char *out)
{
    size_t length = 0;
    ssize_t got = -1;
    for (int64_t from = clock_monotonic_ms(); got != 0; usleep(500)) {
        assert_true(clock_monotonic_ms() - from < WAIT_MS);
        MHD_run(mhd);
        if (out == NULL && rig->request != NULL && rig->request->suspended)
            return;
        if (out == NULL)
            continue;
        got = recv(client, out + length, ANSWER_BYTES_MAX - 1 - length, 0);
        length += got > 0 ? (size_t)got : 0;
        assert_true(length < ANSWER_BYTES_MAX - 1);
    }
    out[length] = '\0';
}

static void stop(struct MHD_Daemon *mhd, int client)
{
    MHD_stop_daemon(mhd);
    close(client);
}

static void ask(struct rig *rig, const char *lang, char answer[ANSWER_BYTES_MAX])
{
    int client;
    struct MHD_Daemon *mhd = start(rig, lang, &client);
    run(rig, mhd, client, answer);
    stop(mhd, client);
    assert_null(rig->request);
}

static int count_of(const char *text, const char *part)
{
    int count = 0;
    for (text = strstr(text, part); text != NULL; text = strstr(text + 1, part))
        count++;
    return count;
}

static void reply_bytes(struct http_request *request)
{
    char bytes[] = "a\0b";
    http_reply_bytes(request, 200, "text/plain", span_of(bytes, 3));
    memset(bytes, 'x', sizeof bytes);
}

static void reply_no_bytes(struct http_request *request)
{
    http_reply_bytes(request, 201, "text/css", SPAN_NONE);
}

static void reply_json(struct http_request *request)
{
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_text(json, "name", "阳光");
    http_reply_json(request, 202, json);
}

static void reply_empty(struct http_request *request)
{
    http_reply_empty(request, 204);
}

static void reply_problem(struct http_request *request)
{
    struct err err = ERR_INIT;
    err_set(&err, ERR_HTTP_TOO_LARGE, "7 bytes");
    http_reply_problem(request, &err);
}

static void reply_queued_before(struct http_request *request)
{
    reply_json(request);
    assert_int_equal(http_reply_queue(request), MHD_YES);
}

static void reply_later(struct http_request *request)
{
}

static void test_answers_of_each_kind(void **state)
{
    static const struct {
        void (*reply)(struct http_request *request);
        const char *start;
        const char *type; /* NULL: none */
        const char *body;
        size_t body_length;
    } cases[] = {
        {reply_bytes, "HTTP/1.1 200 ", "text/plain", "a\0b", 3},
        {reply_no_bytes, "HTTP/1.1 201 ", "text/css", "", 0},
        {reply_json, "HTTP/1.1 202 ", "application/json", "{\"name\":\"阳光\"}", 17},
        {reply_empty, "HTTP/1.1 204 ", NULL, "", 0},
        {reply_queued_before, "HTTP/1.1 202 ", "application/json", "{\"name\":\"阳光\"}", 17},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig rig = {.reply = cases[i].reply};
        char answer[ANSWER_BYTES_MAX];
        ask(&rig, "en", answer);
        const char *body = strstr(answer, "\r\n\r\n") + 4;
        AUTO(memory_freep)
        char *type = memory_printf("\r\nContent-Type: %s\r\n", cases[i].type ? cases[i].type : "");
        assert_memory_equal(answer, cases[i].start, strlen(cases[i].start));
        assert_int_equal(count_of(answer, "Content-Type:"), cases[i].type != NULL);
        assert_int_equal(count_of(answer, type), cases[i].type != NULL);
        assert_int_equal(count_of(answer, "HTTP/1.1 "), 1);
        assert_memory_equal(body, cases[i].body, cases[i].body_length + 1);
        assert_int_equal(rig.kicks, 0);
    }
}

static void test_tells_a_problem_in_the_language_asked_for(void **state)
{
    static const struct {
        const char *lang;
        const char *title;
    } cases[] = {{"en", "The request is too large"}, {"zh-CN", "请求内容过大"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rig rig = {.reply = reply_problem};
        char answer[ANSWER_BYTES_MAX];
        ask(&rig, cases[i].lang, answer);
        assert_memory_equal(answer, "HTTP/1.1 413 ", 13);
        assert_int_equal(count_of(answer, "\r\nContent-Type: " HTTP_PROBLEM_TYPE "\r\n"), 1);
        assert_int_equal(count_of(answer, cases[i].title), 1);
        assert_int_equal(count_of(answer, "7 bytes"), 1);
    }
}

static void test_decorates_every_answer_once(void **state)
{
    static void (*const replies[])(struct http_request * request) = {
        reply_bytes, reply_no_bytes, reply_json, reply_empty, reply_problem,
    };
    for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
        struct rig rig = {.reply = replies[i]};
        char answer[ANSWER_BYTES_MAX];
        rig.options.decorate = decorate;
        rig.options.context = &rig;
        ask(&rig, "en", answer);
        assert_int_equal(rig.decorations, 1);
        assert_int_equal(count_of(answer, "\r\nX-Decorated: yes\r\n"), 1);
    }
}

/* Content-Type is one of them. */
static void reply_with_headers(struct http_request *request)
{
    for (int i = 1; i < HTTP_REPLY_HEADERS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "X-Many-%d", i);
        http_reply_header(request, name, "here");
        memset(name, 'x', sizeof name);
    }
    reply_bytes(request);
}

static void test_has_room_for_all_headers(void **state)
{
    struct rig rig = {.reply = reply_with_headers};
    char answer[ANSWER_BYTES_MAX];
    ask(&rig, "en", answer);
    assert_int_equal(count_of(answer, "\r\nX-Many-"), HTTP_REPLY_HEADERS_MAX - 1);
    assert_int_equal(count_of(answer, "\r\nContent-Type: text/plain\r\n"), 1);
}

static void test_wakes_a_request_that_rests(void **state)
{
    struct rig rig = {.reply = reply_later};
    char answer[ANSWER_BYTES_MAX];
    int client;
    struct MHD_Daemon *mhd = start(&rig, "en", &client);
    run(&rig, mhd, client, NULL);
    assert_int_equal(recv(client, answer, 1, 0), -1);
    reply_json(rig.request);
    assert_false(rig.request->suspended);
    assert_int_equal(rig.kicks, 1);
    run(&rig, mhd, client, answer);
    stop(mhd, client);
    assert_memory_equal(answer, "HTTP/1.1 202 ", 13);
    assert_int_equal(rig.kicks, 1);
}

static void break_header_limit(struct http_request *request)
{
    reply_with_headers(request);
    http_reply_header(request, "X-Many-32", "here");
}

static void break_header_limit_by_decoration(struct http_request *request)
{
    struct rig *rig = request->kick_context;
    rig->options.decorate = decorate;
    rig->options.context = rig;
    reply_with_headers(request);
}

static void break_late_header(struct http_request *request)
{
    request->queued = true;
    http_reply_header(request, "X-Late", "here");
}

static void break_second_answer(struct http_request *request)
{
    reply_empty(request);
    reply_empty(request);
}

static void break_line(struct http_request *request)
{
    http_reply_header(request, "X-Split", "a\r\nSet-Cookie: b");
    reply_empty(request);
}

static void break_memory(struct http_request *request)
{
    http_reply_give(request, 200, NULL);
}

static bool aborts(void (*reply)(struct http_request *request))
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        struct rig rig = {0};
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        reply(new_request(&rig, NULL));
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void test_stops_at_mistakes_of_a_handler(void **state)
{
    static void (*const mistakes[])(struct http_request * request) = {
        break_header_limit, break_header_limit_by_decoration,
        break_late_header,  break_second_answer,
        break_line,         break_memory,
    };
    assert_false(aborts(reply_with_headers));
    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
        assert_true(aborts(mistakes[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_of_each_kind),
        cmocka_unit_test(test_tells_a_problem_in_the_language_asked_for),
        cmocka_unit_test(test_decorates_every_answer_once),
        cmocka_unit_test(test_has_room_for_all_headers),
        cmocka_unit_test(test_wakes_a_request_that_rests),
        cmocka_unit_test(test_stops_at_mistakes_of_a_handler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
