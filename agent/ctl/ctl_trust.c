#include "agent/ctl/ctl_trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/config_roots.h"
#include "agent/ctl/ctl_text.h"
#include "agent/trust/trust.h"
#include "agent/trust/trust_state.h"
#include "agent/trust/trust_status.h"
#include "agent/trust/trust_system.h"
#include "base/log.h"

#define LABEL(zh, en) ((struct text){zh, en})

/* ---- showing ---- */

static const char *text_at(const struct json *row, const char *name)
{
    return json_text_of(json_member(row, name));
}

static void show_rows(const struct json *rows, struct text heading, enum lang lang)
{
    if (json_count(rows) > 0)
        puts(text_in(heading, lang));
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        fputs("  ", stdout);
        ctl_text_print(stdout, text_at(row, "browser"));
        fputs(lang == LANG_EN ? ": " : "：", stdout);
        ctl_text_print(stdout, text_at(row, "title"));
        fputc('\n', stdout);
        ctl_text_line(stdout, 4, LABEL("位置", "Place"), lang, text_at(row, "path"));
        ctl_text_line(stdout, 4, LABEL("办法", "Remedy"), lang, text_at(row, "remedy"));
        ctl_text_line(stdout, 4, LABEL("详情", "Detail"), lang, text_at(row, "detail"));
        ctl_text_line(stdout, 4, LABEL("代码", "Code"), lang, text_at(row, "code"));
    }
}

static void show(struct ctl *ctl, const struct json *status)
{
    enum lang lang = ctl->options->lang;
    if (ctl_wants_json(ctl)) {
        ctl_print_json(ctl, status);
        return;
    }
    ctl_text_line(stdout, 0, LABEL("本机证书", "Certificate"), lang,
                  text_at(status, "certificate"));
    show_rows(json_member(status, "browsers"), LABEL("浏览器", "Browsers"), lang);
    show_rows(json_member(status, "system"),
              LABEL("本机所有用户的策略", "Policies for all users of this computer"), lang);
}

/* ---- the machine ---- */

struct machine {
    struct config *config; /* NULL: it could not be read, and there are no origins */
    struct err *left_out; /* why a file of platforms.d or a platform is left out */
    size_t left_out_count;
    const char *origins[CONFIG_PLATFORMS_MAX];
    struct trust_system system; /* of origins */
};

/* A platform without roots can't use the agent: browsers let it in no more than the agent does. */
static void look_at_platform(struct machine *machine, const struct config_platform *platform)
{
    struct err err = ERR_INIT;
    AUTO(chain_roots_freep) struct chain_roots *roots = NULL;
    AUTO(chain_roots_freep) struct chain_roots *seal_roots = NULL;
    if (config_roots_read(platform, &roots, &seal_roots, &err) == ERR_NONE)
        machine->origins[machine->system.origin_count++] = platform->origin;
    else
        machine->left_out[machine->left_out_count++] = err;
}

static enum err_code machine_init(const struct ctl *ctl, struct machine *out, struct err *err)
{
    if (config_read(ctl->options->config, &out->config, err) != ERR_NONE)
        return err->code;
    const struct config *config = out->config;
    out->system = (struct trust_system){.root = "", .origins = out->origins};
    out->left_out =
        memory_new((config->left_out_count + config->platform_count + 1) * sizeof *out->left_out);
    for (size_t i = 0; i < config->left_out_count; i++)
        out->left_out[out->left_out_count++] = config->left_out[i];
    for (size_t i = 0; i < config->platform_count; i++)
        look_at_platform(out, &config->platforms[i]);
    return ERR_NONE;
}

static void machine_done(struct machine *machine)
{
    free(machine->left_out);
    config_free(machine->config);
}

/* The policies, and what of the configuration they leave out. */
static struct json *machine_rows(const struct machine *machine, enum lang lang)
{
    struct json *rows = trust_system_status(&machine->system, lang);
    for (size_t i = 0; i < machine->left_out_count; i++)
        json_append(rows, trust_state_row_failed("ukeyd", CONFIG_PLATFORM_FOLDER,
                                                 &machine->left_out[i], lang));
    return rows;
}

/* For whoever looks at nothing else, as a package's installation. */
static void tell_left_out(const struct machine *machine, enum lang lang)
{
    for (size_t i = 0; i < machine->left_out_count; i++)
        ctl_text_line(stderr, 0, LABEL("未采用", "Left out"), lang, machine->left_out[i].detail);
}

static void show_system(struct ctl *ctl, const struct machine *machine)
{
    AUTO(json_freep) struct json *status = json_new_object();
    json_add(status, "system", machine_rows(machine, ctl->options->lang));
    show(ctl, status);
}

static enum err_code check_root(struct err *err)
{
    if (geteuid() != 0)
        return err_set(err, ERR_TRUST_NOT_ROOT, "--system as user %u", geteuid());
    return ERR_NONE;
}

static enum err_code install_system(struct ctl *ctl, struct err *err)
{
    AUTO(machine_done) struct machine machine = {0};
    if (check_root(err) != ERR_NONE || machine_init(ctl, &machine, err) != ERR_NONE)
        return err->code;
    tell_left_out(&machine, ctl->options->lang);
    if (trust_system_install(&machine.system, err) != ERR_NONE)
        return err->code;
    show_system(ctl, &machine);
    return ERR_NONE;
}

/* What is taken back stands in a record: a configuration that can't be read does not keep it there. */
static enum err_code remove_system(struct ctl *ctl, struct err *err)
{
    AUTO(machine_done) struct machine machine = {.system = {.root = ""}};
    struct err unread = ERR_INIT;
    if (check_root(err) != ERR_NONE)
        return err->code;
    if (machine_init(ctl, &machine, &unread) != ERR_NONE)
        log_err("ukeyctl", "read the configuration", &unread);
    if (trust_system_remove(&machine.system, err) != ERR_NONE)
        return err->code;
    show_system(ctl, &machine);
    return ERR_NONE;
}

/* A configuration that can't be read is one row among the others. */
static struct json *system_rows(const struct ctl *ctl)
{
    struct err err = ERR_INIT;
    enum lang lang = ctl->options->lang;
    AUTO(machine_done) struct machine machine = {0};
    if (machine_init(ctl, &machine, &err) == ERR_NONE)
        return machine_rows(&machine, lang);
    const char *file = ctl->options->config;
    struct json *rows = json_new_array();
    json_append(rows, trust_state_row_failed("ukeyd", file != NULL ? file : CONFIG_DEFAULT_FILE,
                                             &err, lang));
    return rows;
}

/* ---- the user ---- */

static enum err_code change_user(struct ctl *ctl,
                                 enum err_code (*change)(const struct trust_user *user,
                                                         struct err *err),
                                 struct err *err)
{
    AUTO(trust_user_done) struct trust_user user = {0};
    if (trust_user_from_environment(ctl->options->state, NULL, &user, err) != ERR_NONE ||
        change(&user, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *status = trust_status(&user, ctl->options->lang);
    show(ctl, status);
    return ERR_NONE;
}

/* ---- exported ---- */

static bool is_for_all(const struct ctl *ctl)
{
    return (ctl->options->given & CTL_SYSTEM) != 0;
}

enum err_code ctl_trust_install(struct ctl *ctl, struct err *err)
{
    return is_for_all(ctl) ? install_system(ctl, err) : change_user(ctl, trust_install, err);
}

enum err_code ctl_trust_remove(struct ctl *ctl, struct err *err)
{
    return is_for_all(ctl) ? remove_system(ctl, err) : change_user(ctl, trust_refuse, err);
}

enum err_code ctl_trust_status(struct ctl *ctl, struct err *err)
{
    AUTO(trust_user_done) struct trust_user user = {0};
    if (trust_user_from_environment(ctl->options->state, NULL, &user, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *status = trust_status(&user, ctl->options->lang);
    json_add(status, "system", system_rows(ctl));
    show(ctl, status);
    return ERR_NONE;
}
