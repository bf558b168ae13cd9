#include "token/gmt0017/gmt0017_application.h"

#include <stdio.h>
#include <string.h>

#include "token/gmt0017/gmt0017_container.h"

#define OPENED_BYTES 10
#define AT_MAX_CONTAINERS 4
#define AT_ID 8
#define STATUS_OPEN_ALREADY 0x6A8A

struct names {
    size_t count;
    char name[GMT0017_APPLICATIONS_MAX][TOKEN_NAME_BYTES_MAX + 1];
};

static enum err_code take_name(void *context, const char *name, struct err *err)
{
    struct names *names = context;
    if (names->count == GMT0017_APPLICATIONS_MAX)
        return err_set(err, ERR_TOKEN_ANSWER, "more than %d applications",
                       GMT0017_APPLICATIONS_MAX);
    snprintf(names->name[names->count++], sizeof names->name[0], "%s", name);
    return ERR_NONE;
}

static enum err_code list(struct gmt0017 *key, struct names *names, struct err *err)
{
    struct gmt0017_command command = {
        .name = "EnumApplication", .cla = 0x80, .ins = 0x22, .le = APDU_LE_ALL};
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_read(key, &command, GMT0017_LIST_BYTES_MAX, &answer, err) != ERR_NONE)
        return err->code;
    if (gmt0017_each_name(span_bytes(answer), take_name, names, err) != ERR_NONE)
        return err_add(err, "%s", command.name);
    if (names->count == 0)
        return err_set(err, ERR_TOKEN_NO_APPLICATION, "the key holds no application");
    return ERR_NONE;
}

static enum err_code open_one(struct gmt0017 *key, const char *name, struct err *err)
{
    struct gmt0017_command command = {
        .name = "OpenApplication",
        .cla = 0x80,
        .ins = 0x26,
        .data = span_text(name),
        .le = OPENED_BYTES,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    key->container_count = 0;
    if (gmt0017_send(key, &command, OPENED_BYTES, &answer, err) != ERR_NONE)
        return err->code;
    memcpy(key->application_id, answer->at + AT_ID, GMT0017_ID_BYTES);
    key->application_known = true;
    key->application_open = true;
    snprintf(key->facts->application, sizeof key->facts->application, "%s", name);
    memcpy(key->facts->application_id, key->application_id, GMT0017_ID_BYTES);
    if (answer->at[AT_MAX_CONTAINERS] > 0)
        key->facts->pairs_max = answer->at[AT_MAX_CONTAINERS];
    return ERR_NONE;
}

static enum err_code open_first_with_container(struct gmt0017 *key, const struct names *names,
                                               struct err *err)
{
    for (size_t i = 0; i < names->count; i++) {
        if (open_one(key, names->name[i], err) != ERR_NONE ||
            gmt0017_container_list(key, err) != ERR_NONE)
            return err->code;
        if (key->container_count > 0)
            return ERR_NONE;
        if (gmt0017_application_close(key, err) != ERR_NONE)
            return err->code;
    }
    return open_one(key, names->name[0], err);
}

enum err_code gmt0017_application_open(struct gmt0017 *key, struct err *err)
{
    struct names names = {0};
    if (list(key, &names, err) != ERR_NONE)
        return err->code;
    if (names.count == 1)
        return open_one(key, names.name[0], err);
    return open_first_with_container(key, &names, err);
}

enum err_code gmt0017_application_reopen(struct gmt0017 *key, struct err *err)
{
    char name[TOKEN_NAME_BYTES_MAX + 1];
    snprintf(name, sizeof name, "%s", key->facts->application);
    enum err_code code = open_one(key, name, err);
    if (code != ERR_NONE && err->foreign == STATUS_OPEN_ALREADY && key->application_known) {
        key->application_open = true; /* it outlived what broke, and so did its number */
        return ERR_NONE;
    }
    return code;
}

enum err_code gmt0017_application_close(struct gmt0017 *key, struct err *err)
{
    struct gmt0017_command command = {
        .name = "CloseApplication",
        .cla = 0x80,
        .ins = 0x28,
        .data = span_of(key->application_id, GMT0017_ID_BYTES),
        .le = APDU_LE_NONE,
    };
    key->application_open = false;
    key->container_count = 0;
    return gmt0017_send(key, &command, 0, NULL, err);
}
