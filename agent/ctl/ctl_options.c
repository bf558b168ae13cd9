#include "agent/ctl/ctl_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option long_options[] = {
    {"json", no_argument, NULL, CTL_JSON},
    {"socket", required_argument, NULL, CTL_SOCKET},
    {"lang", required_argument, NULL, CTL_LANG},
    {"ticket", required_argument, NULL, CTL_TICKET},
    {"token", required_argument, NULL, CTL_TOKEN},
    {"platform", required_argument, NULL, CTL_PLATFORM},
    {"usage", required_argument, NULL, CTL_USAGE},
    {"container", required_argument, NULL, CTL_CONTAINER},
    {"picture", required_argument, NULL, CTL_PICTURE},
    {"roots", required_argument, NULL, CTL_ROOTS},
    {"signer", required_argument, NULL, CTL_SIGNER},
    {"at", required_argument, NULL, CTL_AT},
    {"marked-maker", no_argument, NULL, CTL_MARKED_MAKER},
    {"system", no_argument, NULL, CTL_SYSTEM},
    {"state", required_argument, NULL, CTL_STATE},
    {"config", required_argument, NULL, CTL_CONFIG},
    {"report", required_argument, NULL, CTL_REPORT},
    {"fix", no_argument, NULL, CTL_FIX},
    {"operation", required_argument, NULL, CTL_OPERATION},
    {"since", required_argument, NULL, CTL_SINCE},
    {"follow", no_argument, NULL, CTL_FOLLOW},
    {"help", no_argument, NULL, CTL_HELP},
    {"version", no_argument, NULL, CTL_VERSION},
    {0},
};

static char *default_socket(void)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime != NULL && runtime[0] == '/')
        return memory_printf("%s/ukeyd/ukeyd.sock", runtime);
    return memory_printf("/run/user/%u/ukeyd/ukeyd.sock", (unsigned)getuid());
}

static enum err_code take_lang(struct ctl_options *options, const char *value, struct err *err)
{
    if (strcmp(value, "zh") != 0 && strcmp(value, "en") != 0)
        return err_set(err, ERR_USAGE, "--lang: zh or en");
    options->lang = value[0] == 'e' ? LANG_EN : LANG_ZH;
    return ERR_NONE;
}

static enum err_code take_usage(struct ctl_options *options, const char *value, struct err *err)
{
    if (strcmp(value, "sign") != 0 && strcmp(value, "encrypt") != 0)
        return err_set(err, ERR_USAGE, "--usage: sign or encrypt");
    options->usage = value;
    return ERR_NONE;
}

static enum err_code take_text(struct ctl_options *options, int option, const char *value,
                               struct err *err)
{
    const struct {
        int option;
        const char **out;
    } texts[] = {
        {CTL_TICKET, &options->ticket},     {CTL_TOKEN, &options->token},
        {CTL_PLATFORM, &options->platform}, {CTL_CONTAINER, &options->container},
        {CTL_PICTURE, &options->picture},   {CTL_ROOTS, &options->roots},
        {CTL_SIGNER, &options->signer},     {CTL_AT, &options->at},
        {CTL_STATE, &options->state},       {CTL_CONFIG, &options->config},
        {CTL_REPORT, &options->report},     {CTL_OPERATION, &options->operation},
        {CTL_SINCE, &options->since},
    };
    if (*value == '\0')
        return err_set(err, ERR_USAGE, "an option is empty");
    if (option == CTL_SOCKET)
        options->socket_path = memory_text(value);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (texts[i].option == option)
            *texts[i].out = value;
    return ERR_NONE;
}

static enum err_code take(struct ctl_options *options, int option, const char *value,
                          struct err *err)
{
    if ((options->given & (unsigned)option) != 0)
        return err_set(err, ERR_USAGE, "an option stands there twice");
    options->given |= (unsigned)option;
    if (value == NULL)
        return ERR_NONE;
    if (option == CTL_LANG)
        return take_lang(options, value, err);
    if (option == CTL_USAGE)
        return take_usage(options, value, err);
    return take_text(options, option, value, err);
}

static enum err_code take_words(struct ctl_options *options, int count, char **words,
                                struct err *err)
{
    if (count > CTL_WORDS_MAX)
        return err_set(err, ERR_USAGE, "too many words");
    options->word_count = count;
    for (int i = 0; i < count; i++)
        options->words[i] = words[i];
    return ERR_NONE;
}

enum err_code ctl_options_parse(int argc, char **argv, struct ctl_options *out, struct err *err)
{
    AUTO(ctl_options_done) struct ctl_options options = {.lang = text_lang_from_environment()};
    optind = 0; /* glibc: start anew, also in the second test of one process */
    for (;;) {
        int option = getopt_long(argc, argv, ":", long_options, NULL);
        if (option == -1)
            break;
        if (option == '?' || option == ':')
            return err_set(err, ERR_USAGE, "%s: %s", argv[optind - 1],
                           option == ':' ? "needs a value" : "unknown option");
        if (take(&options, option, optarg, err) != ERR_NONE)
            return err->code;
    }
    if (take_words(&options, argc - optind, argv + optind, err) != ERR_NONE)
        return err->code;
    if (options.socket_path == NULL)
        options.socket_path = default_socket();
    *out = options;
    options.socket_path = NULL;
    return ERR_NONE;
}

void ctl_options_done(struct ctl_options *options)
{
    free(options->socket_path);
    options->socket_path = NULL;
}
