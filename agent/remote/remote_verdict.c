#include "agent/remote/remote_verdict.h"

#include <curl/curl.h>
#include <strings.h>

#include "base/json.h"

#define HTTP_OK 200
#define HTTP_ACCEPTED 202
#define HTTP_PROXY_LOGIN 407

/* Bytes of a platform's own words that go into an error's detail. */
#define PLATFORM_DETAIL_BYTES_MAX 160

struct verdict {
    long from, to; /* the foreign codes, both included */
    enum err_code code;
    bool retry;
};

/* Looked up in order: single codes before ranges. */
static const struct verdict curl_verdicts[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, CURLE_UNSUPPORTED_PROTOCOL, ERR_CONFIG, false},
    {CURLE_URL_MALFORMAT, CURLE_URL_MALFORMAT, ERR_CONFIG, false},
    {CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, ERR_PLATFORM_UNREACHABLE, true},
    {CURLE_WEIRD_SERVER_REPLY, CURLE_WEIRD_SERVER_REPLY, ERR_PLATFORM_ANSWER, false},
    {CURLE_PARTIAL_FILE, CURLE_PARTIAL_FILE, ERR_PLATFORM_ANSWER, true},
    {CURLE_WRITE_ERROR, CURLE_WRITE_ERROR, ERR_PLATFORM_ANSWER, false},
    /* libcurl's word for a header line of more than 100 KiB, too. */
    {CURLE_OUT_OF_MEMORY, CURLE_OUT_OF_MEMORY, ERR_PLATFORM_ANSWER, false},
    {CURLE_OPERATION_TIMEDOUT, CURLE_OPERATION_TIMEDOUT, ERR_PLATFORM_TIMEOUT, true},
    /* A connection cut during the handshake; alerts and certificates are told apart before. */
    {CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CONNECT_ERROR, ERR_PLATFORM_UNREACHABLE, true},
    {CURLE_GOT_NOTHING, CURLE_GOT_NOTHING, ERR_PLATFORM_UNREACHABLE, true},
    {CURLE_SEND_ERROR, CURLE_RECV_ERROR, ERR_PLATFORM_UNREACHABLE, true},
    {CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, ERR_PLATFORM_TLS, false},
    {CURLE_SSL_CERTPROBLEM, CURLE_PEER_FAILED_VERIFICATION, ERR_PLATFORM_TLS, false},
    {CURLE_BAD_CONTENT_ENCODING, CURLE_BAD_CONTENT_ENCODING, ERR_PLATFORM_ANSWER, false},
    {CURLE_FILESIZE_EXCEEDED, CURLE_FILESIZE_EXCEEDED, ERR_PLATFORM_ANSWER, false},
    {CURLE_USE_SSL_FAILED, CURLE_USE_SSL_FAILED, ERR_PLATFORM_TLS, false},
    {CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CACERT_BADFILE, ERR_CONFIG, false},
    {CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, ERR_PLATFORM_TLS, false},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, ERR_PLATFORM_TLS, false},
    {CURLE_PROXY, CURLE_PROXY, ERR_PLATFORM_PROXY, false},
    {0, 999, ERR_PLATFORM_UNREACHABLE, false},
};

/* What a status means when the answer's own code says nothing that we know. */
static const struct verdict status_verdicts[] = {
    {HTTP_OK, HTTP_OK, ERR_NONE, false},
    {HTTP_ACCEPTED, HTTP_ACCEPTED, ERR_NONE, false},
    {HTTP_PROXY_LOGIN, HTTP_PROXY_LOGIN, ERR_PLATFORM_PROXY, false},
    {408, 408, ERR_PLATFORM_TIMEOUT, true},
    {425, 425, ERR_PLATFORM_FAILED, true}, /* too early */
    {429, 429, ERR_PLATFORM_FAILED, true}, /* too many */
    {400, 499, ERR_PLATFORM_REFUSED, false},
    {501, 501, ERR_PLATFORM_FAILED, false},
    {504, 504, ERR_PLATFORM_TIMEOUT, true},
    {511, 511, ERR_PLATFORM_PROXY, false}, /* a network that wants a log-in. Source: RFC 6585 6 */
    {500, 599, ERR_PLATFORM_FAILED, true},
    {0, 999, ERR_PLATFORM_ANSWER,
     false}, /* other successes, and redirects, which we don't follow */
};

/* What a platform may say; any other code of our list is not for it to say. */
static const enum err_code platform_codes[] = {
    ERR_TICKET_USED,
    ERR_TICKET_EXPIRED,
    ERR_TICKET_UNKNOWN,
    ERR_TICKET_KIND,
    ERR_WRONG_TOKEN,
    ERR_ORDER_NOT_APPROVED,
    ERR_ORDER_STATE,
    ERR_JOB_UNKNOWN,
    ERR_JOB_EXPIRED,
    ERR_JOB_CONFLICT,
    ERR_JOB_FORBIDDEN,
    ERR_PROOF,
    ERR_ORDER_BEFORE,
    ERR_NOT_DUE,
    ERR_POLICY,
    ERR_CSR,
    ERR_FIELD_VALUE,
    /* extend-seal */
    ERR_RENEW_FIRST,
    ERR_SEAL_EXTENDED,
    ERR_SEAL_FORMAT,
    ERR_SEAL_VERSION,
    ERR_SEAL_MAKER,
    ERR_SEAL_SIGNATURE,
    ERR_SEAL_TIME,
    ERR_SEAL_HOLDER,
    ERR_SEAL_PICTURE,
    ERR_SEAL_IDENTITY,
    ERR_SEAL_END,
    ERR_SEAL_TOO_LARGE,
    ERR_SEAL_MISSING,
    ERR_SEAL_UNKNOWN,
    ERR_SEAL_STATE,
    /* reset-pin */
    ERR_RESET_LIMIT,
    ERR_RESET_STATE,
    ERR_ADMIN_PIN_LOW,
    ERR_ADMIN_PIN_LOCKED,
    ERR_PROFILE_UNKNOWN,
    /* the management key of a PIV token */
    ERR_MANAGE_LIMIT,
    ERR_MANAGE_DAY_LIMIT,
};

static const struct verdict *look_up(const struct verdict *verdicts, size_t count, long foreign)
{
    for (size_t i = 0; i + 1 < count; i++)
        if (foreign >= verdicts[i].from && foreign <= verdicts[i].to)
            return &verdicts[i];
    return &verdicts[count - 1];
}

/* A handshake that failed for a reason, not for a cut line, and a refusal that TLS 1.3 reports on the
 * first read. OpenSSL's reasons carry "error:" or the word alert. */
static bool is_tls_refusal(const struct remote_transfer *transfer)
{
    bool tls = transfer->curl_code == CURLE_SSL_CONNECT_ERROR ||
               transfer->curl_code == CURLE_SEND_ERROR || transfer->curl_code == CURLE_RECV_ERROR;
    return tls && (strstr(transfer->curl_text, "error:") != NULL ||
                   strcasestr(transfer->curl_text, "alert") != NULL);
}

static enum err_code judge_curl(const struct remote_transfer *transfer, bool *out_retry,
                                struct err *err)
{
    const struct verdict *verdict =
        look_up(curl_verdicts, ARRAY_SIZE(curl_verdicts), transfer->curl_code);
    enum err_code code = verdict->code;
    *out_retry = verdict->retry;
    if (is_tls_refusal(transfer)) {
        code = ERR_PLATFORM_TLS;
        *out_retry = false;
    }
    if (transfer->connect_status == HTTP_PROXY_LOGIN) {
        code = ERR_PLATFORM_PROXY;
        *out_retry = false;
    }
    return err_set_foreign(err, code, transfer->curl_code, "curl %d: %s", transfer->curl_code,
                           transfer->curl_text);
}

static bool is_media_type(const char *content_type, const char *wanted)
{
    size_t length = strlen(wanted);
    return content_type != NULL && strncasecmp(content_type, wanted, length) == 0 &&
           strchr("; \t", content_type[length]) != NULL;
}

static bool is_json(const char *content_type)
{
    return is_media_type(content_type, "application/json") ||
           is_media_type(content_type, "application/problem+json");
}

/* A platform's words on one line: what is no printable text becomes a blank. */
static void clean(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            *text = ' ';
}

/* At most length bytes of text, without half a character at the end. */
static size_t whole_characters(const char *text, size_t length)
{
    size_t all = strlen(text);
    if (all <= length)
        return all;
    while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
        length--;
    return length;
}

static void add_platform_words(const struct json *problem, struct err *err)
{
    const char *detail = json_text_of(json_member(problem, "detail"));
    if (detail == NULL)
        return;
    AUTO(memory_freep)
    char *words =
        memory_printf("%.*s", (int)whole_characters(detail, PLATFORM_DETAIL_BYTES_MAX), detail);
    clean(words);
    err_add(err, "the platform says: %s", words);
}

static enum err_code platform_code(const struct json *problem)
{
    const char *text = json_text_of(json_member(problem, "code"));
    enum err_code code = text == NULL ? ERR_NONE : err_code_from_text(text);
    for (size_t i = 0; i < ARRAY_SIZE(platform_codes); i++)
        if (platform_codes[i] == code)
            return code;
    return ERR_NONE;
}

static enum err_code judge_problem(const struct remote_transfer *transfer,
                                   const struct verdict *verdict, bool *out_retry, struct err *err)
{
    struct err ignored = ERR_INIT; /* a body that is no JSON leaves the status to speak */
    AUTO(json_freep) struct json *problem = NULL;
    *out_retry = verdict->retry;
    enum err_code code = verdict->code;
    if (json_parse(transfer->body, REMOTE_BODY_BYTES_MAX, &problem, &ignored) != ERR_NONE ||
        !json_is_object(problem))
        return err_set_foreign(err, code, transfer->status, "HTTP status %ld", transfer->status);
    enum err_code named = platform_code(problem);
    if (named != ERR_NONE) {
        code = named;
        *out_retry = false;
    }
    err_set_foreign(err, code, transfer->status, "HTTP status %ld", transfer->status);
    add_platform_words(problem, err);
    return code;
}

enum err_code remote_verdict(const struct remote_transfer *transfer, bool *out_retry,
                             struct err *err)
{
    if (transfer->curl_code != CURLE_OK)
        return judge_curl(transfer, out_retry, err);
    const struct verdict *verdict =
        look_up(status_verdicts, ARRAY_SIZE(status_verdicts), transfer->status);
    if (is_json(transfer->content_type) && verdict->code != ERR_NONE)
        return judge_problem(transfer, verdict, out_retry, err);
    if (is_json(transfer->content_type))
        return ERR_NONE;
    /* A page of a gateway, a captive portal, or of something else at the configured address. */
    bool keep = verdict->code != ERR_NONE && verdict->code != ERR_PLATFORM_REFUSED;
    *out_retry = keep && verdict->retry;
    return err_set_foreign(err, keep ? verdict->code : ERR_PLATFORM_ANSWER, transfer->status,
                           "HTTP status %ld with content type %.64s", transfer->status,
                           transfer->content_type == NULL ? "(none)" : transfer->content_type);
}
