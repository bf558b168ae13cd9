#include "agent/ctl/ctl_client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <sys/un.h>

#include "agent/ctl/ctl_interrupt.h"
#include "base/buf.h"

/* Names any address: over a Unix socket only the path matters. */
#define BASE_URL "http://localhost"
#define PIN_TRIES_MAX 15

struct ctl_client {
    CURL *easy;
    struct curl_slist *headers;
    char *socket_path;
    struct buf body;
    int interrupts; /* as in the request */
    char words[CURL_ERROR_SIZE];
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct ctl_client *client = context;
    buf_add(&client->body, span_of(data, size * count));
    return client->body.bad ? 0 : size * count;
}

/* A signal ends libcurl's wait, so that this is asked at once. */
static int is_interrupted(void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                          curl_off_t up)
{
    const struct ctl_client *client = context;
    return ctl_interrupt_count() != client->interrupts;
}

static void add_header(struct ctl_client *client, const char *header)
{
    struct curl_slist *grown = curl_slist_append(client->headers, header);
    if (grown == NULL)
        abort();
    client->headers = grown;
}

static bool set_options(struct ctl_client *client, const char *socket_path)
{
    CURL *easy = client->easy;
    int bad = 0;
    bad |= (int)curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket_path);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
    bad |= (int)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    bad |= (int)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->headers);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_WRITEDATA, client);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, is_interrupted);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_XFERINFODATA, client);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, client->words);
    return bad == 0;
}

enum err_code ctl_client_new(const char *socket_path, enum lang lang, struct ctl_client **out,
                             struct err *err)
{
    if (strlen(socket_path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
        return err_set(err, ERR_USAGE, "--socket: the path is too long for a socket");
    AUTO(ctl_client_freep) struct ctl_client *client = memory_new(sizeof *client);
    client->body = BUF_INIT(CTL_ANSWER_BYTES_MAX);
    client->socket_path = memory_text(socket_path);
    if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK)
        return err_set(err, ERR_INTERNAL, "libcurl can't be used");
    client->easy = curl_easy_init();
    add_header(client, "Content-Type: application/json");
    add_header(client, "Expect:");
    add_header(client, lang == LANG_EN ? "Accept-Language: en" : "Accept-Language: zh-CN");
    if (client->easy == NULL || !set_options(client, socket_path))
        return err_set(err, ERR_INTERNAL, "libcurl refuses an option");
    *out = TAKE(client);
    return ERR_NONE;
}

void ctl_client_free(struct ctl_client *client)
{
    if (client == NULL)
        return;
    if (client->easy != NULL)
        curl_easy_cleanup(client->easy);
    curl_slist_free_all(client->headers);
    buf_done(&client->body);
    free(client->socket_path);
    free(client);
}

void ctl_client_freep(struct ctl_client **client)
{
    ctl_client_free(*client);
    *client = NULL;
}

static enum err_code failure(const struct ctl_client *client, CURLcode code, struct err *err)
{
    static const struct {
        CURLcode curl;
        enum err_code code;
    } failures[] = {
        {CURLE_OPERATION_TIMEDOUT, ERR_DEADLINE},
        {CURLE_ABORTED_BY_CALLBACK, ERR_CANCELLED},
        {CURLE_WRITE_ERROR, ERR_INTERNAL},
    };
    enum err_code meaning = ERR_AGENT_UNREACHABLE;
    for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
        if (failures[i].curl == code)
            meaning = failures[i].code;
    return err_set_foreign(err, meaning, (long)code, "curl %d at %s: %s", (int)code,
                           client->socket_path,
                           client->words[0] != '\0' ? client->words : curl_easy_strerror(code));
}

void ctl_client_problem(const struct json *problem, struct err *err)
{
    struct err ignored = ERR_INIT;
    const char *code_text = json_text_of(json_member(problem, "code"));
    const char *detail = json_text_of(json_member(problem, "detail"));
    int64_t tries_left = -1;
    const struct json_field fields[] = {
        {"tries_left", JSON_INTEGER, true, PIN_TRIES_MAX, &tries_left}};
    enum err_code code = code_text == NULL ? ERR_NONE : err_code_from_text(code_text);
    if (code == ERR_NONE)
        err_set(err, ERR_INTERNAL, "the agent's code %.64s: %s",
                code_text == NULL ? "(none)" : code_text, detail == NULL ? "" : detail);
    else
        err_set(err, code, "%s", detail == NULL ? "" : detail);
    if (json_read(problem, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, &ignored) == ERR_NONE)
        err->tries_left = (int)tries_left;
}

static enum err_code read_answer(const struct ctl_client *client, struct json **out,
                                 struct err *err)
{
    long status = 0;
    AUTO(json_freep) struct json *json = NULL;
    if (curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
        json_parse(buf_span(&client->body), CTL_ANSWER_BYTES_MAX, &json, err) != ERR_NONE ||
        !json_is_object(json))
        return err_set_foreign(err, ERR_INTERNAL, status,
                               "the agent's answer is no JSON object, HTTP status %ld", status);
    if (status < 200 || status > 299) {
        ctl_client_problem(json, err);
        return err->code;
    }
    *out = TAKE(json);
    return ERR_NONE;
}

enum err_code ctl_client_request(struct ctl_client *client, const struct ctl_request *request,
                                 struct json **out, struct err *err)
{
    CURL *easy = client->easy;
    AUTO(memory_freep) char *url = memory_printf(BASE_URL "%s", request->path);
    AUTO(memory_freep) char *text = request->body == NULL ? NULL : json_print(request->body);
    int bad = 0;
    buf_clear(&client->body);
    client->words[0] = '\0';
    client->interrupts = request->interrupts;
    bad |= (int)curl_easy_setopt(easy, CURLOPT_URL, url);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)request->timeout_s);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (text != NULL)
        bad |= (int)curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, text);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    if (bad != 0)
        return err_set(err, ERR_INTERNAL, "libcurl refuses an option");
    CURLcode code = curl_easy_perform(easy);
    return code == CURLE_OK ? read_answer(client, out, err) : failure(client, code, err);
}
