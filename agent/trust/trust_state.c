#include "agent/trust/trust_state.h"

/* remedy: NULL texts when there is nothing to do. */
struct state {
    const char *code;
    struct text title;
    struct text remedy;
};

static const struct state states[] = {
    [TRUST_STATE_TRUSTED] =
        {"trusted",
         {"已信任", "trusted"},
         {"如浏览器当时已打开，请关闭全部窗口后重新打开。",
          "If the browser was open at that time close all its windows and open it again."}},
    [TRUST_STATE_MISSING] = {"missing",
                             {"未信任", "not trusted"},
                             {"请执行 ukeyctl trust install。", "Run ukeyctl trust install."}},
    [TRUST_STATE_OUTDATED] = {"outdated",
                              {"信任的是以前的证书", "an earlier certificate is trusted"},
                              {"请执行 ukeyctl trust install。", "Run ukeyctl trust install."}},
    [TRUST_STATE_NO_POLICY] =
        {"no-policy",
         {"证书已就位，但本机没有让 Firefox 采用它的策略",
          "the certificate is in its place, but no policy of this computer makes Firefox take it"},
         {"请管理员执行 sudo ukeyctl trust install --system。",
          "Ask the administrator to run sudo ukeyctl trust install --system."}},
    [TRUST_STATE_RESTART] = {"restart",
                             {"尚未采用", "not taken over yet"},
                             {"请关闭 Firefox 的全部窗口后重新打开。",
                              "Close all windows of Firefox and open it again."}},
    [TRUST_STATE_FAILED] = {"failed", {"出错", "failed"}, {NULL, NULL}},
};

static const struct state system_states[] = {
    [TRUST_STATE_TRUSTED] = {"trusted", {"已设置", "set"}, {NULL, NULL}},
    [TRUST_STATE_MISSING] = {"missing",
                             {"未设置", "not set"},
                             {"如需设置，请管理员执行 sudo ukeyctl trust install --system。",
                              "If it is wanted ask the administrator to run sudo ukeyctl trust "
                              "install --system."}},
    [TRUST_STATE_OUTDATED] =
        {"outdated",
         {"与现在的平台列表不一致", "not what the list of platforms asks for"},
         {"请管理员执行 sudo ukeyctl trust install --system。",
          "Ask the administrator to run sudo ukeyctl trust install --system."}},
};

static struct json *row(const char *browser, const char *path, const struct state *state,
                        enum lang lang)
{
    struct json *json = json_new_object();
    const char *remedy = text_in(state->remedy, lang);
    json_add_text(json, "browser", browser);
    json_add_text(json, "path", path);
    json_add_text(json, "state", state->code);
    json_add_text(json, "title", text_in(state->title, lang));
    if (remedy != NULL)
        json_add_text(json, "remedy", remedy);
    return json;
}

struct json *trust_state_row(const char *browser, const char *path, enum trust_state state,
                             enum lang lang)
{
    return row(browser, path, &states[state], lang);
}

struct json *trust_state_row_system(const char *browser, const char *path, enum trust_state state,
                                    enum lang lang)
{
    return row(browser, path, &system_states[state], lang);
}

struct json *trust_state_row_failed(const char *browser, const char *path, const struct err *err,
                                    enum lang lang)
{
    const struct state state = {
        .code = states[TRUST_STATE_FAILED].code,
        .title = err_title(err->code),
        .remedy = err_remedy(err->code),
    };
    struct json *json = row(browser, path, &state, lang);
    json_add_text(json, "code", err_code_text(err->code));
    json_add_text(json, "detail", err->detail);
    return json;
}
