#include <stdio.h>
#include <string.h>

#include "agent/ctl/ctl.h"
#include "agent/ctl/ctl_cert.h"
#include "agent/ctl/ctl_doctor.h"
#include "agent/ctl/ctl_log.h"
#include "agent/ctl/ctl_operation.h"
#include "agent/ctl/ctl_seal.h"
#include "agent/ctl/ctl_show.h"
#include "agent/ctl/ctl_trust.h"
#include "base/clock.h"
#include "base/problem.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define REQUEST_SECONDS 15
/* Reading several slow keys. */
#define TOKENS_SECONDS 40

static const char help_zh[] =
    "用法：ukeyctl [选项] 命令\n"
    "\n"
    "  status                 驱动、智能卡服务的状态\n"
    "  tokens                 已插入的CA锁及其证书、电子签章\n"
    "  check                  检查CA锁能否延期，不作任何改动\n"
    "                         [--token 序列号] [--platform 平台 --ticket 凭据]\n"
    "  renew                  CA延期续费：--platform 平台 [--ticket 凭据] [--token 序列号]\n"
    "                         不给 --ticket 时从标准输入读取第一行\n"
    "  extend-seal            CA签章延期：--platform 平台 [--ticket 凭据] [--token 序列号]\n"
    "  reset-pin              CA锁密码重置：--platform 平台 [--ticket 凭据] [--token 序列号]\n"
    "  change-pin             修改CA锁密码：[--token 序列号]\n"
    "  operations             操作记录\n"
    "  resume 操作号          继续中途失败的操作，不需要新的凭据\n"
    "  abandon 操作号         放弃中途失败的操作，或取消进行中的操作\n"
    "  cert show [文件]       显示证书（文件：PEM 或 DER）\n"
    "  cert export            输出证书（PEM）：--usage sign|encrypt [--token 序列号] [--container "
    "容器]\n"
    "  seal show 文件         显示电子签章 [--picture 图片文件]\n"
    "  seal verify 文件       验证电子签章：--roots 根证书 [--signer 证书] [--at 时间] "
    "[--marked-maker]\n"
    "  trust install          让浏览器信任本机驱动 [--state 文件夹]\n"
    "                         --system：本机所有用户的浏览器策略（需要管理员）[--config 文件]\n"
    "  trust status           各浏览器是否信任，以及怎么办\n"
    "  trust remove           撤销 trust install 所做的一切 [--system]\n"
    "  doctor                 检查办理所需的一切，说明问题、原因和办法\n"
    "                         --fix：处理可以安全处理的；--report 文件：生成给技术支持的报告\n"
    "                         [--state 文件夹] [--config 文件]\n"
    "  log                    驱动的日志 [--operation 操作号] [--since 时间] [--follow]\n"
    "                         [--state 文件夹]\n"
    "\n"
    "  --json                 只输出最后的 JSON\n"
    "  --socket 路径          驱动的套接字，默认 $XDG_RUNTIME_DIR/ukeyd/ukeyd.sock\n"
    "  --lang zh|en           语言\n"
    "  --help, --version\n";

static const char help_en[] =
    "usage: ukeyctl [OPTION]... COMMAND\n"
    "\n"
    "  status                 the agent and the smart-card service\n"
    "  tokens                 the keys that are plugged in, their certificates and seals\n"
    "  check                  whether the key can be renewed; changes nothing\n"
    "                         [--token SERIAL] [--platform ID --ticket TICKET]\n"
    "  renew                  renew: --platform ID [--ticket TICKET] [--token SERIAL]\n"
    "                         without --ticket it is the first line of standard input\n"
    "  extend-seal            extend the seal: --platform ID [--ticket TICKET] [--token SERIAL]\n"
    "  reset-pin              reset the PIN: --platform ID [--ticket TICKET] [--token SERIAL]\n"
    "  change-pin             change the PIN: [--token SERIAL]\n"
    "  operations             what was done\n"
    "  resume ID              go on with one that failed on the way; needs no new ticket\n"
    "  abandon ID             give such a one up, or cancel one that is under way\n"
    "  cert show [FILE]       certificates of the keys, or of a file (PEM or DER)\n"
    "  cert export            as PEM: --usage sign|encrypt [--token SERIAL] [--container NAME]\n"
    "  seal show FILE         an electronic seal [--picture FILE]\n"
    "  seal verify FILE       every check: --roots PEM [--signer CERT] [--at TIME] "
    "[--marked-maker]\n"
    "  trust install          make this user's browsers trust the agent [--state FOLDER]\n"
    "                         --system: policies for all users, as root [--config FILE]\n"
    "  trust status           which browsers trust it, and what to do\n"
    "  trust remove           undo what trust install did [--system]\n"
    "  doctor                 looks at all that is needed; what is wrong, why, what to do\n"
    "                         --fix: do what is safe; --report FILE: a report for support\n"
    "                         [--state FOLDER] [--config FILE]\n"
    "  log                    the agent's log [--operation ID] [--since TIME] [--follow]\n"
    "                         [--state FOLDER]\n"
    "\n"
    "  --json                 print the final JSON only\n"
    "  --socket PATH          the agent's socket, default $XDG_RUNTIME_DIR/ukeyd/ukeyd.sock\n"
    "  --lang zh|en           language\n"
    "  --help, --version\n";

/* One request whose answer is shown. */
static enum err_code get(struct ctl *ctl, const char *path, int timeout_s,
                         void (*show)(FILE *, const struct json *, enum lang), struct err *err)
{
    AUTO(json_freep) struct json *answer = NULL;
    const struct ctl_request request = {"GET", path, NULL, timeout_s, 0};
    if (ctl_client_request(ctl->client, &request, &answer, err) != ERR_NONE)
        return err->code;
    if (ctl_wants_json(ctl))
        ctl_print_json(ctl, answer);
    else
        show(stdout, answer, ctl->options->lang);
    return ERR_NONE;
}

static enum err_code status(struct ctl *ctl, struct err *err)
{
    return get(ctl, "/v1/status", REQUEST_SECONDS, ctl_show_status, err);
}

static enum err_code tokens(struct ctl *ctl, struct err *err)
{
    return get(ctl, "/v1/tokens", TOKENS_SECONDS, ctl_show_tokens, err);
}

static enum err_code operations(struct ctl *ctl, struct err *err)
{
    return get(ctl, "/v1/operations", REQUEST_SECONDS, ctl_show_operations, err);
}

/* A command: its words, how many more words it takes, the options besides CTL_EVERYWHERE. */
static const struct command {
    const char *first;
    const char *second; /* NULL: one word */
    int more_words;
    unsigned options;
    enum err_code (*run)(struct ctl *ctl, struct err *err);
} commands[] = {
    {"status", NULL, 0, 0, status},
    {"tokens", NULL, 0, 0, tokens},
    {"operations", NULL, 0, 0, operations},
    {"check", NULL, 0, CTL_TICKET | CTL_TOKEN | CTL_PLATFORM, ctl_operation_check},
    {"renew", NULL, 0, CTL_TICKET | CTL_TOKEN | CTL_PLATFORM, ctl_operation_renew},
    {"extend-seal", NULL, 0, CTL_TICKET | CTL_TOKEN | CTL_PLATFORM, ctl_operation_extend_seal},
    {"reset-pin", NULL, 0, CTL_TICKET | CTL_TOKEN | CTL_PLATFORM, ctl_operation_reset_pin},
    {"change-pin", NULL, 0, CTL_TOKEN, ctl_operation_change_pin},
    {"resume", NULL, 1, 0, ctl_operation_resume},
    {"abandon", NULL, 1, 0, ctl_operation_abandon},
    {"cert", "show", 1, CTL_TOKEN | CTL_USAGE | CTL_CONTAINER, ctl_cert_show},
    {"cert", "export", 0, CTL_TOKEN | CTL_USAGE | CTL_CONTAINER, ctl_cert_export},
    {"seal", "show", 1, CTL_PICTURE, ctl_seal_show},
    {"trust", "install", 0, CTL_SYSTEM | CTL_STATE | CTL_CONFIG, ctl_trust_install},
    {"trust", "status", 0, CTL_STATE | CTL_CONFIG, ctl_trust_status},
    {"trust", "remove", 0, CTL_SYSTEM | CTL_STATE | CTL_CONFIG, ctl_trust_remove},
    {"doctor", NULL, 0, CTL_REPORT | CTL_FIX | CTL_STATE | CTL_CONFIG, ctl_doctor},
    {"log", NULL, 0, CTL_OPERATION | CTL_SINCE | CTL_FOLLOW | CTL_STATE, ctl_log},
    {"seal", "verify", 1, CTL_ROOTS | CTL_SIGNER | CTL_AT | CTL_MARKED_MAKER, ctl_seal_verify},
};

static bool is_named(const struct command *command, const struct ctl_options *options)
{
    if (options->word_count == 0 || strcmp(command->first, options->words[0]) != 0)
        return false;
    if (command->second == NULL)
        return true;
    return options->word_count > 1 && strcmp(command->second, options->words[1]) == 0;
}

static enum err_code find_command(const struct ctl_options *options, const struct command **out,
                                  struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        const struct command *command = &commands[i];
        int words = command->second == NULL ? 1 : 2;
        if (!is_named(command, options))
            continue;
        if (options->word_count > words + command->more_words)
            return err_set(err, ERR_USAGE, "%s: too many words", command->first);
        if ((options->given & ~(unsigned)(CTL_EVERYWHERE | command->options)) != 0)
            return err_set(err, ERR_USAGE, "%s: an option that it does not take", command->first);
        *out = command;
        return ERR_NONE;
    }
    return err_set(err, ERR_USAGE, "%s",
                   options->word_count == 0 ? "no command" : "no such command");
}

static enum err_code run(struct ctl *ctl, struct err *err)
{
    const struct command *command = NULL;
    if (find_command(ctl->options, &command, err) != ERR_NONE ||
        ctl_client_new(ctl->options->socket_path, ctl->options->lang, &ctl->client, err) !=
            ERR_NONE)
        return err->code;
    enum err_code code = command->run(ctl, err);
    ctl_client_free(ctl->client);
    return code;
}

static int fail(struct ctl *ctl, const struct err *err, enum lang lang)
{
    ctl_show_err(stderr, err, lang);
    if (ctl != NULL && ctl_wants_json(ctl) && !ctl->answered) {
        AUTO(json_freep) struct json *problem = problem_json(err, lang);
        ctl_print_json(ctl, problem);
    }
    return err->code == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    AUTO(ctl_options_done) struct ctl_options options = {0};
    if (ctl_options_parse(argc, argv, &options, &err) != ERR_NONE)
        return fail(NULL, &err, text_lang_from_environment());
    if ((options.given & CTL_HELP) != 0)
        return fputs(options.lang == LANG_EN ? help_en : help_zh, stdout) < 0;
    if ((options.given & CTL_VERSION) != 0)
        return puts("ukeyctl " UKEYD_VERSION) < 0;
#ifdef UKEYD_TEST_HOOKS
    clock_init_from_environment();
#endif
    struct ctl ctl = {.options = &options};
    if (run(&ctl, &err) != ERR_NONE)
        return fail(&ctl, &err, options.lang);
    return 0;
}
