/* ukey-portal: the reference platform. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "portal/portal_commands.h"
#include "portal/portal_test_hooks.h"

/* "ukey-portal: order-state: 订单当前状态不允许该操作 (detail)", and what to do on a line of its own. */
static int fail(const struct err *err)
{
    enum lang lang = text_lang_from_environment();
    fprintf(stderr, "ukey-portal: %s: %s (%s)\n%s\n", err_code_text(err->code),
            text_in(err_title(err->code), lang), err->detail, text_in(err_remedy(err->code), lang));
    return 1;
}

static bool asks(int argc, char **argv, const char *option)
{
    return argc == 2 && strcmp(argv[1], option) == 0;
}

int main(int argc, char **argv)
{
    struct portal_arguments arguments = {0};
    struct err err = ERR_INIT;
    umask(077);
    portal_test_hooks_init();
    if (asks(argc, argv, "--version"))
        return puts("ukey-portal " UKEYD_VERSION) < 0;
    if (asks(argc, argv, "--help")) {
        portal_cli_help("ukey-portal", portal_commands, portal_command_count);
        return 0;
    }
    if (portal_cli_parse(portal_commands, portal_command_count, argc, argv, &arguments, &err) !=
            ERR_NONE ||
        arguments.command->run(&arguments, &err) != ERR_NONE)
        return fail(&err);
    return fflush(stdout) == 0 ? 0 : 1;
}
