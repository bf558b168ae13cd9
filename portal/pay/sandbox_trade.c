#include "portal/pay/sandbox_trade.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "portal/pay/pay_http.h"
#include "portal/pay/pay_message.h"

#define FILE_BYTES_MAX 8192
#define TIME_CHARACTERS 20
#define STATE_BYTES_MAX 16
#define SERVICE_TRADE_RANDOM_BYTES 8

static const char ending[] = ".json";

static char *path_of(const char *folder, const char *name)
{
    return memory_printf("%s/trades/%s%s", folder, name, ending);
}

/* The members that page and file have in common. */
struct texts {
    const char *trade, *subject, *notify_url, *return_url, *expires;
    int64_t amount_fen;
};

static enum err_code read_texts(const struct json *json, struct texts *out, int64_t *out_expires,
                                struct err *err)
{
    struct texts texts = {0};
    const struct json_field fields[] = {
        {"trade", JSON_TEXT, false, PAYMENT_TRADE_BYTES_MAX, &texts.trade},
        {"amount_fen", JSON_INTEGER, false, PAYMENT_FEN_MAX, &texts.amount_fen},
        {"subject", JSON_TEXT, false, PAYMENT_SUBJECT_BYTES_MAX, &texts.subject},
        {"notify_url", JSON_TEXT, false, PAYMENT_URL_BYTES_MAX, &texts.notify_url},
        {"return_url", JSON_TEXT, false, PAYMENT_URL_BYTES_MAX, &texts.return_url},
        {"expires", JSON_TEXT, false, TIME_CHARACTERS, &texts.expires},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err->code;
    if (!pay_trade_is_valid(texts.trade) || texts.amount_fen < 1)
        return err_set(err, ERR_FIELD_VALUE, "trade or amount_fen");
    if (!pay_http_url_is_valid(texts.notify_url, PAYMENT_URL_BYTES_MAX) ||
        !pay_http_url_is_valid(texts.return_url, PAYMENT_URL_BYTES_MAX))
        return err_set(err, ERR_FIELD_VALUE, "notify_url or return_url");
    if (!clock_parse_utc(texts.expires, out_expires))
        return err_set(err, ERR_FIELD_VALUE, "expires");
    *out = texts;
    return ERR_NONE;
}

static struct sandbox_trade *make(const struct texts *texts, int64_t expires_utc)
{
    struct sandbox_trade *trade = memory_new(sizeof *trade);
    trade->trade = memory_text(texts->trade);
    trade->subject = memory_text(texts->subject);
    trade->notify_url = memory_text(texts->notify_url);
    trade->return_url = memory_text(texts->return_url);
    trade->amount_fen = texts->amount_fen;
    trade->expires_utc = expires_utc;
    return trade;
}

enum err_code sandbox_trade_from_page(const struct json *content, struct sandbox_trade **out,
                                      struct err *err)
{
    struct texts texts = {0};
    int64_t expires_utc = 0;
    if (read_texts(content, &texts, &expires_utc, err) != ERR_NONE)
        return err->code;
    struct sandbox_trade *trade = make(&texts, expires_utc);
    trade->token = hex_random(SANDBOX_TOKEN_CHARACTERS / 2);
    trade->service_trade = memory_text("");
    trade->since_utc = clock_now_utc();
    *out = trade;
    return ERR_NONE;
}

void sandbox_trade_free(struct sandbox_trade *trade)
{
    if (trade == NULL)
        return;
    free(trade->trade);
    free(trade->token);
    free(trade->subject);
    free(trade->notify_url);
    free(trade->return_url);
    free(trade->service_trade);
    free(trade);
}

void sandbox_trade_freep(struct sandbox_trade **trade)
{
    sandbox_trade_free(*trade);
    *trade = NULL;
}

/* ---- files ---- */

struct json *sandbox_trade_json(const struct sandbox_trade *trade)
{
    struct json *json = json_new_object();
    json_add_text(json, "trade", trade->trade);
    json_add_integer(json, "amount_fen", trade->amount_fen);
    json_add_text(json, "subject", trade->subject);
    json_add_text(json, "notify_url", trade->notify_url);
    json_add_text(json, "return_url", trade->return_url);
    json_add_utc(json, "expires", trade->expires_utc);
    json_add_text(json, "token", trade->token);
    if (trade->service_trade[0] != '\0')
        json_add_text(json, "service_trade", trade->service_trade);
    json_add_text(json, "state", payment_state_text(trade->state));
    json_add_utc(json, "since", trade->since_utc);
    json_add_bool(json, "notify", trade->notify);
    return json;
}

static enum err_code from_file(const struct json *json, struct sandbox_trade **out, struct err *err)
{
    struct texts texts = {0};
    int64_t expires_utc = 0;
    const char *token = NULL;
    const char *service_trade = "";
    const char *state = NULL;
    const char *since = NULL;
    bool notify = false;
    const struct json_field fields[] = {
        {"token", JSON_TEXT, false, SANDBOX_TOKEN_CHARACTERS, &token},
        {"service_trade", JSON_TEXT, true, PAYMENT_TRADE_BYTES_MAX, &service_trade},
        {"state", JSON_TEXT, false, STATE_BYTES_MAX, &state},
        {"since", JSON_TEXT, false, TIME_CHARACTERS, &since},
        {"notify", JSON_BOOL, false, 0, &notify},
    };
    if (read_texts(json, &texts, &expires_utc, err) != ERR_NONE ||
        json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err->code;
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = make(&texts, expires_utc);
    trade->token = memory_text(token);
    trade->service_trade = memory_text(service_trade);
    trade->notify = notify;
    if (!payment_state_from_text(state, &trade->state) ||
        !clock_parse_utc(since, &trade->since_utc))
        return err_set(err, ERR_FIELD_VALUE, "state or since");
    *out = TAKE(trade);
    return ERR_NONE;
}

enum err_code sandbox_trade_load(const char *folder, const char *name, struct sandbox_trade **out,
                                 struct err *err)
{
    if (!pay_trade_is_valid(name))
        return err_set(err, ERR_NO_SUCH_RECORD, "not the form of a trade");
    AUTO(memory_freep) char *path = path_of(folder, name);
    AUTO(bytes_freep) struct bytes *content = NULL;
    AUTO(json_freep) struct json *json = NULL;
    if (file_read(path, FILE_BYTES_MAX, &content, err) != ERR_NONE)
        return err->code == ERR_FILE_MISSING ? err_set(err, ERR_NO_SUCH_RECORD, "trade %s", name)
                                             : err->code;
    if (json_parse(span_bytes(content), FILE_BYTES_MAX, &json, err) != ERR_NONE ||
        from_file(json, out, err) != ERR_NONE) {
        err_add(err, "read %s", path);
        return err->code = ERR_FILE;
    }
    return ERR_NONE;
}

enum err_code sandbox_trade_save(const char *folder, const struct sandbox_trade *trade,
                                 struct err *err)
{
    AUTO(memory_freep) char *path = path_of(folder, trade->trade);
    AUTO(json_freep) struct json *json = sandbox_trade_json(trade);
    AUTO(memory_freep) char *text = json_print(json);
    return file_write_atomic(path, span_text(text), 0600, err);
}

enum err_code sandbox_trade_enter(const char *folder, struct sandbox_trade *trade,
                                  enum payment_state state, struct err *err)
{
    struct sandbox_trade changed = *trade;
    changed.state = state;
    changed.since_utc = clock_now_utc();
    changed.notify = true;
    AUTO(memory_freep) char *number = NULL;
    if (state == PAYMENT_PAID) {
        AUTO(memory_freep) char *random = hex_random(SERVICE_TRADE_RANDOM_BYTES);
        number = memory_printf("SB-%s", random);
        changed.service_trade = number;
    }
    if (sandbox_trade_save(folder, &changed, err) != ERR_NONE)
        return err->code;
    if (number != NULL) {
        free(trade->service_trade);
        changed.service_trade = TAKE(number);
    }
    *trade = changed;
    return ERR_NONE;
}

static void visit(const char *folder, const char *file,
                  void (*each)(void *context, const struct sandbox_trade *trade), void *context)
{
    size_t length = strlen(file);
    if (length < sizeof ending || strcmp(file + length - (sizeof ending - 1), ending) != 0)
        return;
    AUTO(memory_freep)
    char *name = memory_printf("%.*s", (int)(length - (sizeof ending - 1)), file);
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    struct err err = ERR_INIT;
    if (sandbox_trade_load(folder, name, &trade, &err) == ERR_NONE)
        each(context, trade);
    else
        log_err("pay", file, &err);
}

static void close_folder(DIR **folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

enum err_code sandbox_trade_each(const char *folder,
                                 void (*each)(void *context, const struct sandbox_trade *trade),
                                 void *context, struct err *err)
{
    AUTO(memory_freep) char *path = file_join(folder, "trades");
    AUTO(close_folder) DIR *open = opendir(path);
    if (open == NULL)
        return err_set_errno(err, errno == ENOENT ? ERR_FILE_MISSING : ERR_FILE, path);
    for (const struct dirent *entry; (entry = readdir(open)) != NULL;)
        visit(folder, entry->d_name, each, context);
    return ERR_NONE;
}

struct payment_fact sandbox_trade_fact(const struct sandbox_trade *trade)
{
    return (struct payment_fact){
        .trade = trade->trade,
        .service_trade = trade->service_trade,
        .amount_fen = trade->amount_fen,
        .state = trade->state,
        .at_utc = trade->since_utc,
    };
}
