#include "agent/ctl/ctl_show.h"

#include <stdlib.h>

#include "agent/ctl/ctl_client.h"
#include "agent/ctl/ctl_text.h"

/* "2026-11-22" of "2026-11-22T14:30:00Z". */
#define DATE_BYTES 10
/* Tries, days and counts that make sense to show. */
#define NUMBER_MAX 1000000

/* ---- words ---- */

struct word {
    const char *value;
    struct text text;
};

static const struct word pcsc_words[] = {
    {"ok", {"正常", "fine"}},
    {"no-reader", {"没有读卡设备", "no reader"}},
    {"no-service", {"pcscd 未运行", "pcscd is not running"}},
    {"no-permission", {"无权使用 pcscd", "pcscd refuses this user"}},
};

static const struct word usage_words[] = {
    {"sign", {"签名证书", "signing certificate"}},
    {"encrypt", {"加密证书", "encryption certificate"}},
    {"both", {"签名和加密证书", "signing and encryption certificate"}},
    {"ca", {"CA证书", "CA certificate"}},
    {"other", {"其他证书", "other certificate"}},
};

static const struct word due_words[] = {
    {"not-yet", {"尚未到延期时间", "not due yet"}},
    {"now", {"可以延期", "due for renewal"}},
    {"expired", {"已过期，仍可延期", "expired, can still be renewed"}},
    {"too-late", {"过期已久，不能延期", "expired too long ago to be renewed"}},
    {"clock-wrong", {"电脑时间可能有误", "the computer's clock may be wrong"}},
};

static const struct word state_words[] = {
    {"running", {"进行中", "running"}},
    {"waiting-user", {"等待用户", "waiting for the user"}},
    {"waiting-platform", {"等待平台", "waiting for the platform"}},
    {"done", {"完成", "done"}},
    {"failed", {"失败", "failed"}},
    {"cancelled", {"已取消", "cancelled"}},
    {"unconfirmed", {"已写入，平台未确认", "written, not confirmed"}},
};

static const struct word seal_version_words[] = {
    {"1", {"V1（GM/T 0031-2014）", "V1 (GM/T 0031-2014)"}},
    {"4", {"V4（GB/T 38540-2020）", "V4 (GB/T 38540-2020)"}},
    {"5", {"V5（GM/T 0031-2025）", "V5 (GM/T 0031-2025)"}},
};

static const struct word policy_words[] = {
    {"keep", {"沿用原密钥", "the present key pair is kept"}},
    {"replace", {"更换新密钥", "a new key pair will be made"}},
};

static const struct word kept_words[] = {
    {"key-cannot-replace",
     {"CA锁没有位置存放第二个签名密钥", "the key has no place for a second signing key"}},
};

#define LABEL(zh, en) ((struct text){zh, en})

/* The value itself when there is no word for it. */
static const char *word_for(const struct word *words, size_t count, const char *value,
                            enum lang lang)
{
    for (size_t i = 0; value != NULL && i < count; i++)
        if (strcmp(words[i].value, value) == 0)
            return text_in(words[i].text, lang);
    return value;
}
#define WORD_FOR(words, value, lang) word_for((words), ARRAY_SIZE(words), (value), (lang))

/* ---- members ---- */

static const char *text_at(const struct json *object, const char *name)
{
    return json_is_object(object) ? json_text_of(json_member(object, name)) : NULL;
}

static int64_t number_at(const struct json *object, const char *name)
{
    struct err ignored = ERR_INIT;
    int64_t value = -1;
    const struct json_field field = {name, JSON_INTEGER, .limit = NUMBER_MAX, .out = &value};
    if (json_read(object, &field, 1, JSON_UNKNOWN_IGNORED, &ignored) != ERR_NONE)
        return -1;
    return value;
}

static bool flag_at(const struct json *object, const char *name)
{
    struct err ignored = ERR_INIT;
    bool value = false;
    const struct json_field field = {name, JSON_BOOL, .out = &value};
    return json_read(object, &field, 1, JSON_UNKNOWN_IGNORED, &ignored) == ERR_NONE && value;
}

/* The caller frees; NULL when there is no such member. */
static char *date_at(const struct json *object, const char *name)
{
    const char *text = text_at(object, name);
    return text == NULL ? NULL : memory_printf("%.*s", DATE_BYTES, text);
}

/* ---- status ---- */

void ctl_show_status(FILE *out, const struct json *status, enum lang lang)
{
    AUTO(memory_freep) char *keys = memory_printf("%d", (int)number_at(status, "keys"));
    ctl_text_line(out, 0, LABEL("版本", "Version"), lang, text_at(status, "version"));
    ctl_text_line(out, 0, LABEL("智能卡服务", "Smart-card service"), lang,
                  WORD_FOR(pcsc_words, text_at(status, "pcsc"), lang));
    ctl_text_line(out, 0, LABEL("CA锁数量", "Keys"), lang, keys);
    ctl_text_line(out, 0, LABEL("状态", "State"), lang,
                  flag_at(status, "busy") ? text_in(LABEL("正在操作", "busy"), lang)
                                          : text_in(LABEL("空闲", "idle"), lang));
}

/* ---- keys ---- */

static void show_validity(FILE *out, int indent, const struct json *certificate, enum lang lang)
{
    AUTO(memory_freep) char *from = date_at(certificate, "not_before");
    AUTO(memory_freep) char *until = date_at(certificate, "not_after");
    const char *due = WORD_FOR(due_words, text_at(certificate, "due"), lang);
    int64_t days = number_at(certificate, "days_left");
    if (from == NULL || until == NULL)
        return;
    AUTO(memory_freep) char *left = NULL;
    if (days >= 0)
        left = memory_printf(lang == LANG_EN ? ", %d days left" : "，剩余 %d 天", (int)days);
    AUTO(memory_freep)
    char *line = memory_printf("%s %s %s%s%s%s", from, lang == LANG_EN ? "to" : "至", until,
                               left == NULL ? "" : left,
                               due == NULL       ? ""
                               : lang == LANG_EN ? ", "
                                                 : "，",
                               due == NULL ? "" : due);
    ctl_text_line(out, indent, LABEL("有效期", "Valid"), lang, line);
}

void ctl_show_certificate(FILE *out, const struct json *certificate, enum lang lang)
{
    static const struct {
        const char *name;
        struct text label;
    } lines[] = {
        {"container", {"容器", "Container"}},
        {"common_name", {"名称", "Name"}},
        {"organisation", {"单位名称", "Organisation"}},
        {"subject", {"主题", "Subject"}},
        {"issuer", {"颁发者", "Issuer"}},
        {"serial", {"证书序列号", "Serial"}},
        {"algorithm", {"算法", "Algorithm"}},
        {"sha256", {"SHA-256", "SHA-256"}},
    };
    fputs("  ", out);
    ctl_text_print(out, WORD_FOR(usage_words, text_at(certificate, "usage"), lang));
    fputc('\n', out);
    show_validity(out, 4, certificate, lang);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        ctl_text_line(out, 4, lines[i].label, lang, text_at(certificate, lines[i].name));
}

/* The few facts that tell certificates apart. */
static void show_certificate_briefly(FILE *out, const struct json *certificate, enum lang lang)
{
    const char *organisation = text_at(certificate, "organisation");
    ctl_text_line(out, 2,
                  LABEL(WORD_FOR(usage_words, text_at(certificate, "usage"), LANG_ZH),
                        WORD_FOR(usage_words, text_at(certificate, "usage"), LANG_EN)),
                  lang,
                  organisation != NULL && *organisation != '\0'
                      ? organisation
                      : text_at(certificate, "common_name"));
    show_validity(out, 4, certificate, lang);
    ctl_text_line(out, 4, LABEL("容器", "Container"), lang, text_at(certificate, "container"));
}

static const struct text initial_pin = {
    "CA锁密码为初始密码，请尽快修改（ukeyctl change-pin）",
    "the PIN is the initial one, which others know: change it soon (ukeyctl change-pin)"};

static void show_initial_pin(FILE *out, bool is_default, enum lang lang)
{
    if (is_default)
        ctl_text_line(out, 2, LABEL("注意", "Attention"), lang, text_in(initial_pin, lang));
}

/* NULL when the key does not say. The caller frees. */
static char *tries_text(int left, int max, enum lang lang)
{
    static const struct text locked = {"，已锁死", ", locked"};
    const char *end = left == 0 ? text_in(locked, lang) : "";
    if (left < 0)
        return NULL;
    if (max < 0)
        return memory_printf(lang == LANG_EN ? "%d tries left%s" : "剩余 %d 次%s", left, end);
    return memory_printf(lang == LANG_EN ? "%d of %d tries left%s" : "剩余 %d 次（共 %d 次）%s",
                         left, max, end);
}

static void show_pin(FILE *out, const struct json *pin, enum lang lang)
{
    if (!json_is_object(pin))
        return;
    AUTO(memory_freep)
    char *line = tries_text((int)number_at(pin, "left"), (int)number_at(pin, "max"), lang);
    ctl_text_line(out, 2, LABEL("密码", "PIN"), lang, line);
    show_initial_pin(out, flag_at(pin, "default"), lang);
}

static void show_problem(FILE *out, int indent, const struct json *problem, enum lang lang)
{
    struct err err = ERR_INIT;
    if (!json_is_object(problem))
        return;
    ctl_client_problem(problem, &err);
    ctl_text_line(out, indent, LABEL("问题", "Problem"), lang, text_in(err_title(err.code), lang));
    ctl_text_line(out, indent, LABEL("办法", "Remedy"), lang, text_in(err_remedy(err.code), lang));
}

static void show_period(FILE *out, const struct json *seal, enum lang lang)
{
    AUTO(memory_freep) char *from = date_at(seal, "valid_from");
    AUTO(memory_freep) char *until = date_at(seal, "valid_until");
    if (from == NULL || until == NULL)
        return;
    AUTO(memory_freep)
    char *line = memory_printf("%s %s %s", from, lang == LANG_EN ? "to" : "至", until);
    ctl_text_line(out, 4, LABEL("有效期", "Valid"), lang, line);
}

static void show_seal(FILE *out, const struct json *seal, enum lang lang)
{
    static const struct text bound = {"是", "yes"};
    static const struct text not_bound = {"否，请办理签章延期", "no: extend the seal"};
    AUTO(memory_freep) char *version = memory_printf("%d", (int)number_at(seal, "version"));
    AUTO(memory_freep)
    char *size =
        memory_printf(lang == LANG_EN ? "%d bytes" : "%d 字节", (int)number_at(seal, "size"));
    ctl_text_line(out, 2, LABEL("电子签章", "Seal"), lang, text_at(seal, "name"));
    show_period(out, seal, lang);
    ctl_text_line(out, 4, LABEL("已绑定当前证书", "Bound to the present certificate"), lang,
                  text_in(flag_at(seal, "bound") ? bound : not_bound, lang));
    if (flag_at(seal, "verified"))
        ctl_text_line(out, 4, LABEL("验证", "Verified"), lang, text_in(LABEL("通过", "yes"), lang));
    show_problem(out, 4, json_member(seal, "error"), lang);
    ctl_text_line(out, 4, LABEL("编号", "Id"), lang, text_at(seal, "id"));
    ctl_text_line(out, 4, LABEL("版本", "Version"), lang,
                  WORD_FOR(seal_version_words, version, lang));
    ctl_text_line(out, 4, LABEL("文件", "File"), lang, text_at(seal, "file"));
    ctl_text_line(out, 4, LABEL("大小", "Size"), lang, size);
}

static void show_token(FILE *out, const struct json *token, enum lang lang)
{
    static const struct {
        const char *name;
        struct text label;
    } lines[] = {
        {"label", {"标签", "Label"}},
        {"manufacturer", {"厂商", "Manufacturer"}},
        {"model", {"型号", "Model"}},
        {"reader", {"读卡器", "Reader"}},
    };
    const char *serial = text_at(token, "serial");
    ctl_text_line(out, 0, LABEL("CA锁", "Key"), lang,
                  serial == NULL || *serial == '\0' ? "?" : serial);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        ctl_text_line(out, 2, lines[i].label, lang, text_at(token, lines[i].name));
    show_pin(out, json_member(token, "pin"), lang);
    const struct json *certificates = json_member(token, "certificates");
    for (size_t i = 0; i < json_count(certificates); i++)
        show_certificate_briefly(out, json_item(certificates, i), lang);
    const struct json *seals = json_member(token, "seals");
    for (size_t i = 0; i < json_count(seals); i++)
        if (json_is_object(json_item(seals, i)))
            show_seal(out, json_item(seals, i), lang);
    show_problem(out, 2, json_member(token, "error"), lang);
}

void ctl_show_tokens(FILE *out, const struct json *answer, enum lang lang)
{
    const struct json *tokens = json_member(answer, "tokens");
    if (json_count(tokens) == 0)
        fprintf(out, "%s\n", text_in(err_title(ERR_NO_TOKEN), lang));
    for (size_t i = 0; i < json_count(tokens); i++)
        show_token(out, json_item(tokens, i), lang);
}

/* ---- operations ---- */

void ctl_show_operations(FILE *out, const struct json *answer, enum lang lang)
{
    const struct json *operations = json_member(answer, "operations");
    if (json_count(operations) == 0)
        fprintf(out, "%s\n", text_in(LABEL("没有操作记录", "no operations"), lang));
    for (size_t i = 0; i < json_count(operations); i++) {
        const struct json *operation = json_item(operations, i);
        const char *const columns[] = {
            text_at(operation, "created"),
            text_at(operation, "title"),
            text_at(json_member(operation, "token"), "serial"),
            WORD_FOR(state_words, text_at(operation, "state"), lang),
            text_at(json_member(operation, "error"), "title"),
        };
        for (size_t k = 0; k < ARRAY_SIZE(columns); k++) {
            ctl_text_print(out, columns[k] == NULL ? (k < 4 ? "-" : "") : columns[k]);
            fputs(k + 1 < ARRAY_SIZE(columns) ? "  " : "\n", out);
        }
        if (flag_at(operation, "resumable"))
            ctl_text_line(out, 2, LABEL("继续", "Go on"), lang, text_at(operation, "id"));
    }
}

static void show_renewed(FILE *out, const struct json *result, enum lang lang)
{
    AUTO(memory_freep) char *until = date_at(result, "not_after");
    AUTO(memory_freep) char *before = date_at(result, "old_not_after");
    ctl_text_line(out, 2, LABEL("有效期至", "Valid until"), lang, until);
    ctl_text_line(out, 2, LABEL("原有效期至", "Before"), lang, before);
    ctl_text_line(out, 2, LABEL("密钥", "Key pair"), lang,
                  flag_at(result, "replaced")
                      ? text_in(LABEL("已更换为新密钥；旧密钥仍保留，可解密以前加密的文件",
                                      "a new one; the old one stays and still decrypts what was "
                                      "encrypted before"),
                                lang)
                      : text_in(LABEL("沿用原密钥", "the same as before"), lang));
    if (text_at(result, "kept_reason") != NULL)
        ctl_text_line(out, 2, LABEL("原因", "Because"), lang,
                      WORD_FOR(kept_words, text_at(result, "kept_reason"), lang));
}

static void show_checked(FILE *out, const struct json *result, enum lang lang)
{
    AUTO(memory_freep) char *until = date_at(result, "not_after");
    AUTO(memory_freep) char *after = date_at(result, "new_not_after");
    ctl_text_line(out, 2, LABEL("有效期至", "Valid until"), lang, until);
    ctl_text_line(out, 2, LABEL("延期", "Renewal"), lang,
                  WORD_FOR(due_words, text_at(result, "due"), lang));
    ctl_text_line(out, 2, LABEL("延期后至少到", "Then valid until at least"), lang, after);
    ctl_text_line(out, 2, LABEL("办理方式", "Policy"), lang,
                  WORD_FOR(policy_words, text_at(result, "key"), lang));
    const struct json *findings = json_member(result, "findings");
    for (size_t i = 0; i < json_count(findings); i++)
        show_problem(out, 2, json_item(findings, i), lang);
}

static void show_extended(FILE *out, const struct json *result, enum lang lang)
{
    AUTO(memory_freep) char *until = date_at(result, "not_after");
    AUTO(memory_freep) char *before = date_at(result, "old_not_after");
    ctl_text_line(out, 2, LABEL("签章有效期至", "Seal valid until"), lang, until);
    ctl_text_line(out, 2, LABEL("原有效期至", "Before"), lang, before);
}

static void show_reset(FILE *out, const struct json *result, enum lang lang)
{
    show_initial_pin(out, flag_at(result, "pin_default"), lang);
}

/* What came of each kind; a kind that is not here has nothing but its message. */
static const struct {
    const char *kind;
    void (*show)(FILE *out, const struct json *result, enum lang lang);
} results[] = {
    {"check", show_checked},
    {"renew", show_renewed},
    {"extend-seal", show_extended},
    {"reset-pin", show_reset},
};

void ctl_show_result(FILE *out, const struct json *operation, enum lang lang)
{
    const char *message = text_at(operation, "message");
    const char *kind = text_at(operation, "kind");
    const struct json *result = json_member(operation, "result");
    ctl_text_print(out, message);
    fputs(message == NULL ? "" : "\n", out);
    if (kind == NULL || !json_is_object(result))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(results); i++)
        if (strcmp(results[i].kind, kind) == 0)
            results[i].show(out, result, lang);
}

/* ---- errors ---- */

void ctl_show_err(FILE *out, const struct err *err, enum lang lang)
{
    AUTO(memory_freep)
    char *tries = err->tries_left < 0 ? NULL : memory_printf("%d", err->tries_left);
    fprintf(out, "%s\n", text_in(err_title(err->code), lang));
    ctl_text_line(out, 2, LABEL("剩余次数", "Tries left"), lang, tries);
    ctl_text_line(out, 2, LABEL("办法", "Remedy"), lang, text_in(err_remedy(err->code), lang));
    ctl_text_line(out, 2, LABEL("详情", "Detail"), lang, err->detail);
    ctl_text_line(out, 2, LABEL("代码", "Code"), lang, err_code_text(err->code));
}
