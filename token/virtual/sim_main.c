#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "token/virtual/sim_commands.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2

static const char help[] =
    "ukey-sim: a virtual UKey (GM/T 0017 or PIV card in software) for demonstrations and tests\n"
    "\n"
    "  ukey-sim create --state FILE --serial S --issuer-cert PEM --issuer-key PEM\n"
    "           [--label L] [--profile gmt0017-2012|longmai|syno|unknown]\n"
    "           [--pin 123456] [--admin-pin 12345678] [--algorithm sm2|rsa2048] [--single]\n"
    "           [--holder NAME] [--organisation NAME] [--days-left 20] [--container NAME] "
    "[--force]\n"
    "           [--seal FILE] [--seal-name seal]\n"
    "  ukey-sim create --family piv --state FILE --serial S --issuer-cert PEM --issuer-key PEM\n"
    "           [--label L] [--profile piv-full|piv-5.4|piv-blocks|piv-plain|piv-odd]\n"
    "           [--pin 123456] [--puk 12345678] [--algorithm p256|p384|rsa2048]\n"
    "           [--management-key HEX] [--management-algorithm 3des|aes128|aes192|aes256]\n"
    "           [--holder NAME] [--organisation NAME] [--days-left 20] [--force]\n"
    "           [--seal FILE] [--seal-name seal]\n"
    "  ukey-sim put-file --state FILE --file FILE [--name seal]\n"
    "  ukey-sim run --state FILE [--port 35963] [--host 127.0.0.1] [--trace FILE]\n"
    "           [--control SOCKET] [--removed] [--latency none|real]\n"
    "  ukey-sim control --socket SOCKET insert | remove | swap FILE | stats [clear] | quit\n"
    "           | fault lose-before|lose-after|hang|garbage|short|cut|remove-at|remove-after N\n"
    "           | fault status N SW | fault delay N MS | fault clear\n"
    "  ukey-sim show --state FILE\n"
    "  ukey-sim decrypt --state FILE --cert PEM < ciphertext > plaintext\n"
    "  ukey-sim --help | --version\n"
    "\n"
    "The state file holds PINs and private keys in clear: for test material only.\n";

static const struct {
    const char *name;
    enum err_code (*function)(const char *const *, int, struct err *);
} commands[] = {
    {"create", sim_create},   {"put-file", sim_put_file}, {"run", sim_run},
    {"control", sim_control}, {"show", sim_show},         {"decrypt", sim_decrypt},
};

static int report(const struct err *err)
{
    fprintf(stderr, "ukey-sim: %s (%s): %s\n", err_title(err->code).en, err_code_text(err->code),
            err->detail);
    return err->code == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

static int run_command(const char *const *arguments, int count)
{
    struct err err = ERR_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(commands[i].name, arguments[0]) != 0)
            continue;
        enum err_code code = commands[i].function(arguments + 1, count - 1, &err);
        return code == ERR_NONE ? 0 : report(&err);
    }
    fprintf(stderr, "ukey-sim: unknown command \"%s\"\n%s", arguments[0], help);
    return EXIT_USAGE;
}

static void prepare_clock(void)
{
#ifdef UKEYD_TEST_HOOKS
    clock_init_from_environment();
#endif
}

int main(int argc, char **argv)
{
    prepare_clock();
    if (argc < 2) {
        fputs(help, stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("ukey-sim " UKEYD_VERSION);
        return 0;
    }
    return run_command((const char *const *)argv + 1, argc - 1);
}
