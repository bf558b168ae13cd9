#include "token/virtual/sim_commands.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "token/virtual/sim_options.h"
#include "token/virtual/sim_put_file.h"
#include "token/virtual/virtual_card.h"
#include "token/virtual/virtual_personal.h"
#include "token/virtual/virtual_piv_make.h"

#define DAY_SECONDS (24 * 60 * 60)
/* The certificate looks as if it had been issued for a year, 20 days before its end. */
#define DAYS_SINCE_ISSUE 345
#define DAYS_LEFT 20
#define DAYS_LEFT_MAX 3650

struct create_wish {
    const char *state;
    const char *serial;
    const char *label;
    const char *family;
    const char *profile;
    const char *pin;
    const char *admin_pin;
    const char *puk;
    const char *management_key;
    const char *management_algorithm;
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
        {"family", SIM_OPTION_TEXT, .out = &wish->family},
        {"profile", SIM_OPTION_TEXT, .out = &wish->profile},
        {"pin", SIM_OPTION_TEXT, .out = &wish->pin},
        {"admin-pin", SIM_OPTION_TEXT, .out = &wish->admin_pin},
        {"puk", SIM_OPTION_TEXT, .out = &wish->puk},
        {"management-key", SIM_OPTION_TEXT, .out = &wish->management_key},
        {"management-algorithm", SIM_OPTION_TEXT, .out = &wish->management_algorithm},
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

static const char *or_else(const char *said, const char *otherwise)
{
    return said == NULL ? otherwise : said;
}

static struct virtual_subject subject_of(const struct create_wish *wish)
{
    int64_t now = clock_now_utc();
    return (struct virtual_subject){wish->organisation, wish->holder,
                                    now - (int64_t)DAYS_SINCE_ISSUE * DAY_SECONDS,
                                    now + wish->days_left * DAY_SECONDS};
}

/* What a wish says that only another family has. */
static enum err_code refuse_foreign(const char *const *values, const char *const *names,
                                    size_t count, const char *family, struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (values[i] != NULL)
            return err_set(err, ERR_USAGE, "--%s: not for --family %s", names[i], family);
    return ERR_NONE;
}

/* ---- GM/T 0017 ---- */

static enum err_code translate(const struct create_wish *wish, struct virtual_personal *out,
                               struct err *err)
{
    const char *const foreign[] = {wish->puk, wish->management_key, wish->management_algorithm};
    static const char *const names[] = {"puk", "management-key", "management-algorithm"};
    const char *profile = or_else(wish->profile, "gmt0017-2012");
    const char *algorithm = or_else(wish->algorithm, "sm2");
    *out = (struct virtual_personal){
        .profile = virtual_profile_find(profile),
        .serial = wish->serial,
        .label = wish->label,
        .pin = wish->pin,
        .admin_pin = or_else(wish->admin_pin, "12345678"),
        .container = or_else(wish->container, "personalCert00"),
        .kind = strcmp(algorithm, "sm2") == 0       ? VIRTUAL_PAIR_SM2
                : strcmp(algorithm, "rsa2048") == 0 ? VIRTUAL_PAIR_RSA
                                                    : VIRTUAL_PAIR_NONE,
        .single = wish->single,
        .subject = subject_of(wish),
    };
    if (out->profile == NULL)
        return err_set(err, ERR_USAGE, "--profile: there is no \"%.64s\"", profile);
    if (out->kind == VIRTUAL_PAIR_NONE)
        return err_set(err, ERR_USAGE, "--algorithm: sm2 or rsa2048");
    return refuse_foreign(foreign, names, ARRAY_SIZE(names), wish->family, err);
}

static enum err_code make_gmt0017(const struct create_wish *wish,
                                  const struct virtual_issuer *issuer, struct virtual_card **out,
                                  struct err *err)
{
    struct virtual_personal personal;
    struct virtual_objects *objects = NULL;
    if (translate(wish, &personal, err) != ERR_NONE ||
        virtual_personal_make(&personal, issuer, &objects, err) != ERR_NONE)
        return err->code;
    *out = virtual_card_new(objects, NULL);
    return ERR_NONE;
}

/* ---- PIV ---- */

static enum virtual_pair_kind piv_kind(const char *algorithm)
{
    return strcmp(algorithm, "p256") == 0      ? VIRTUAL_PAIR_P256
           : strcmp(algorithm, "p384") == 0    ? VIRTUAL_PAIR_P384
           : strcmp(algorithm, "rsa2048") == 0 ? VIRTUAL_PAIR_RSA
           : strcmp(algorithm, "sm2") == 0     ? VIRTUAL_PAIR_SM2
                                               : VIRTUAL_PAIR_NONE;
}

static enum err_code translate_piv(const struct create_wish *wish, struct virtual_piv_wish *out,
                                   struct err *err)
{
    const char *const foreign[] = {wish->admin_pin, wish->container};
    static const char *const names[] = {"admin-pin", "container"};
    const char *profile = or_else(wish->profile, "piv-full");
    *out = (struct virtual_piv_wish){
        .profile = virtual_piv_profile_find(profile),
        .serial = wish->serial,
        .label = wish->label,
        .pin = wish->pin,
        .puk = or_else(wish->puk, "12345678"),
        .kind = piv_kind(or_else(wish->algorithm, "p256")),
        .subject = subject_of(wish),
    };
    if (out->profile == NULL)
        return err_set(err, ERR_USAGE, "--profile: there is no \"%.64s\"", profile);
    if (out->kind == VIRTUAL_PAIR_NONE)
        return err_set(err, ERR_USAGE, "--algorithm: p256, p384, rsa2048 or sm2");
    if (wish->management_algorithm != NULL) {
        out->cipher = virtual_piv_crypto_find(wish->management_algorithm);
        if (virtual_piv_crypto_key_bytes(out->cipher) == 0)
            return err_set(err, ERR_USAGE,
                           "--management-algorithm: 3des, aes128, aes192 or aes256");
    }
    return refuse_foreign(foreign, names, ARRAY_SIZE(names), wish->family, err);
}

static enum err_code make_piv(const struct create_wish *wish, const struct virtual_issuer *issuer,
                              struct virtual_card **out, struct err *err)
{
    struct virtual_piv_wish piv;
    struct virtual_piv_objects *objects = NULL;
    AUTO(virtual_pair_wipe_der)
    struct bytes *key = hex_decode(or_else(wish->management_key, ""));
    if (translate_piv(wish, &piv, err) != ERR_NONE)
        return err->code;
    if (wish->management_key != NULL && (key == NULL || key->len == 0))
        return err_set(err, ERR_USAGE, "--management-key: hexadecimal");
    piv.management_key = span_bytes(key);
    if (virtual_piv_make(&piv, issuer, &objects, err) != ERR_NONE)
        return err->code;
    *out = virtual_card_new_piv(objects, NULL);
    return ERR_NONE;
}

/* ---- any ---- */

static const struct {
    const char *name;
    enum err_code (*make)(const struct create_wish *, const struct virtual_issuer *,
                          struct virtual_card **, struct err *);
} families[] = {{"gmt0017", make_gmt0017}, {"piv", make_piv}};

static enum err_code make(const struct create_wish *wish, const struct virtual_issuer *issuer,
                          struct virtual_card **out, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(families); i++)
        if (strcmp(families[i].name, wish->family) == 0)
            return families[i].make(wish, issuer, out, err);
    return err_set(err, ERR_USAGE, "--family: gmt0017 or piv");
}

static enum err_code put_seal(const struct create_wish *wish, struct virtual_card *card,
                              struct err *err)
{
    return wish->seal == NULL ? ERR_NONE : sim_put_content(card, wish->seal_name, wish->seal, err);
}

enum err_code sim_create(const char *const *arguments, int count, struct err *err)
{
    struct create_wish wish = {
        .family = "gmt0017",
        .pin = "123456",
        .holder = "张三",
        .organisation = "阳光建设工程有限公司",
        .days_left = DAYS_LEFT,
        .seal_name = SIM_SEAL_NAME,
    };
    AUTO(virtual_issuer_freep) struct virtual_issuer *issuer = NULL;
    AUTO(virtual_card_freep) struct virtual_card *card = NULL;
    if (read_wish(arguments, count, &wish, err) != ERR_NONE)
        return err->code;
    if (!wish.force && access(wish.state, F_OK) == 0)
        return err_set(err, ERR_RECORD_EXISTS, "%s is there already (--force replaces it)",
                       wish.state);
    if (virtual_issuer_open(wish.issuer_cert, wish.issuer_key, &issuer, err) != ERR_NONE ||
        make(&wish, issuer, &card, err) != ERR_NONE || put_seal(&wish, card, err) != ERR_NONE ||
        virtual_card_save(card, wish.state, err) != ERR_NONE)
        return err->code;
    printf("%s\n", wish.serial);
    return ERR_NONE;
}
