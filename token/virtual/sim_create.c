#include "token/virtual/sim_commands.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "token/virtual/sim_options.h"
#include "token/virtual/sim_put_file.h"
#include "token/virtual/virtual_personal.h"
#include "token/virtual/virtual_state.h"

#define DAY_SECONDS (24 * 60 * 60)
/* The certificate looks as if it had been issued for a year, 20 days before its end. */
#define DAYS_SINCE_ISSUE 345
#define DAYS_LEFT 20
#define DAYS_LEFT_MAX 3650

struct create_wish {
    const char *state;
    const char *serial;
    const char *label;
    const char *profile;
    const char *pin;
    const char *admin_pin;
    const char *algorithm;
    bool single;
    const char *holder;
    const char *organisation;
    int64_t days_left;
    const char *container;
    const char *issuer_cert;
    const char *issuer_key;
    const char *seal;
    const char *seal_name;
    bool force;
};

static enum err_code read_wish(const char *const *arguments, int count, struct create_wish *wish,
                               struct err *err)
{
    const struct sim_option options[] = {
        {"state", SIM_OPTION_TEXT, .required = true, .out = &wish->state},
        {"serial", SIM_OPTION_TEXT, .required = true, .out = &wish->serial},
        {"label", SIM_OPTION_TEXT, .out = &wish->label},
        {"profile", SIM_OPTION_TEXT, .out = &wish->profile},
        {"pin", SIM_OPTION_TEXT, .out = &wish->pin},
        {"admin-pin", SIM_OPTION_TEXT, .out = &wish->admin_pin},
        {"algorithm", SIM_OPTION_TEXT, .out = &wish->algorithm},
        {"single", SIM_OPTION_FLAG, .out = &wish->single},
        {"holder", SIM_OPTION_TEXT, .out = &wish->holder},
        {"organisation", SIM_OPTION_TEXT, .out = &wish->organisation},
        {"days-left", SIM_OPTION_NUMBER, .min = -DAYS_SINCE_ISSUE + 1, .max = DAYS_LEFT_MAX,
         .out = &wish->days_left},
        {"container", SIM_OPTION_TEXT, .out = &wish->container},
        {"issuer-cert", SIM_OPTION_TEXT, .required = true, .out = &wish->issuer_cert},
        {"issuer-key", SIM_OPTION_TEXT, .required = true, .out = &wish->issuer_key},
        {"seal", SIM_OPTION_TEXT, .out = &wish->seal},
        {"seal-name", SIM_OPTION_TEXT, .out = &wish->seal_name},
        {"force", SIM_OPTION_FLAG, .out = &wish->force},
    };
    return sim_options_read(options, ARRAY_SIZE(options), arguments, count, NULL, err);
}

static enum err_code translate(const struct create_wish *wish, struct virtual_personal *out,
                               struct err *err)
{
    int64_t now = clock_now_utc();
    *out = (struct virtual_personal){
        .profile = virtual_profile_find(wish->profile),
        .serial = wish->serial,
        .label = wish->label,
        .pin = wish->pin,
        .admin_pin = wish->admin_pin,
        .container = wish->container,
        .kind = strcmp(wish->algorithm, "sm2") == 0       ? VIRTUAL_PAIR_SM2
                : strcmp(wish->algorithm, "rsa2048") == 0 ? VIRTUAL_PAIR_RSA
                                                          : VIRTUAL_PAIR_NONE,
        .single = wish->single,
        .subject = {wish->organisation, wish->holder, now - (int64_t)DAYS_SINCE_ISSUE * DAY_SECONDS,
                    now + wish->days_left * DAY_SECONDS},
    };
    if (out->profile == NULL)
        return err_set(err, ERR_USAGE, "--profile: there is no \"%.64s\"", wish->profile);
    if (out->kind == VIRTUAL_PAIR_NONE)
        return err_set(err, ERR_USAGE, "--algorithm: sm2 or rsa2048");
    return ERR_NONE;
}

static enum err_code put_seal(const struct create_wish *wish, struct virtual_objects *objects,
                              struct err *err)
{
    return wish->seal == NULL ? ERR_NONE
                              : sim_put_content(objects, wish->seal_name, wish->seal, err);
}

enum err_code sim_create(const char *const *arguments, int count, struct err *err)
{
    struct create_wish wish = {
        .profile = "gmt0017-2012",
        .pin = "123456",
        .admin_pin = "12345678",
        .algorithm = "sm2",
        .holder = "张三",
        .organisation = "阳光建设工程有限公司",
        .days_left = DAYS_LEFT,
        .container = "personalCert00",
        .seal_name = SIM_SEAL_NAME,
    };
    struct virtual_personal personal;
    AUTO(virtual_issuer_freep) struct virtual_issuer *issuer = NULL;
    AUTO(virtual_objects_freep) struct virtual_objects *objects = NULL;
    if (read_wish(arguments, count, &wish, err) != ERR_NONE ||
        translate(&wish, &personal, err) != ERR_NONE)
        return err->code;
    if (!wish.force && access(wish.state, F_OK) == 0)
        return err_set(err, ERR_RECORD_EXISTS, "%s is there already (--force replaces it)",
                       wish.state);
    if (virtual_issuer_open(wish.issuer_cert, wish.issuer_key, &issuer, err) != ERR_NONE ||
        virtual_personal_make(&personal, issuer, &objects, err) != ERR_NONE ||
        put_seal(&wish, objects, err) != ERR_NONE ||
        virtual_state_save(objects, wish.state, err) != ERR_NONE)
        return err->code;
    printf("%s\n", wish.serial);
    return ERR_NONE;
}
