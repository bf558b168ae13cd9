#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/daemon.h"
#include "agent/ops/ops_setup.h"
#include "agent/sandbox/sandbox_folder.h"
#include "agent/sandbox/sandbox_report.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log_file.h"

#define EXIT_USAGE 2

/* What is opened in the place of a closed standard descriptor would get what is printed and logged. */
static bool fill_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int print_states(void)
{
    AUTO(memory_freep) char *text = ops_print_states();
    fputs(text, stdout);
    return EXIT_SUCCESS;
}

static enum err_code open_log(const struct options *options, struct err *err)
{
    if (!options->log_file)
        return ERR_NONE;
    AUTO(memory_freep) char *path = file_join(options->state_folder, LOG_FILE_NAME);
    if (sandbox_folder_own(options->state_folder, err) != ERR_NONE)
        return err->code;
    return log_file_open(path, err);
}

static int report_sandbox(void)
{
    struct err err = ERR_INIT;
    bool holds = false;
    if (sandbox_report(stdout, &holds, &err) == ERR_NONE)
        return holds ? EXIT_SUCCESS : EXIT_FAILURE;
    fprintf(stderr, "ukeyd: %s\n", err.detail);
    return EXIT_FAILURE;
}

static int run(const struct options *options)
{
    struct err err = ERR_INIT;
    log_set_level(options->log_level);
    if (open_log(options, &err) != ERR_NONE)
        log_err("ukeyd", "log to standard error", &err);
#ifdef UKEYD_TEST_HOOKS
    clock_init_from_environment();
#endif
    if (daemon_run(options, &err) == ERR_NONE)
        return EXIT_SUCCESS;
    log_err("ukeyd", "run", &err);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    AUTO(options_done) struct options options = {0};
    struct err err = ERR_INIT;
    if (!fill_standard_descriptors())
        return EXIT_FAILURE;
    if (options_parse(argc, argv, &options, &err) != ERR_NONE) {
        fprintf(stderr, "ukeyd: %s\n%s", err.detail, options_help());
        return EXIT_USAGE;
    }
    if (options.show_help)
        return fputs(options_help(), stdout) < 0;
    if (options.show_version)
        return puts("ukeyd " UKEYD_VERSION) < 0;
    if (options.sandbox_report)
        return report_sandbox();
    return options.print_states ? print_states() : run(&options);
}
