#include "agent/web/web_gate.h"

#include <stdio.h>

static enum err_code check_peer(const struct web_gate_facts *facts, struct err *err)
{
    if (!facts->local && !facts->loopback)
        return err_set(err, ERR_HTTP_PEER, "not from this computer");
    if (!facts->same_user)
        return err_set(err, ERR_HTTP_PEER, "not from this user");
    return ERR_NONE;
}

/* Exact names only: a name that merely resolves to loopback belongs to somebody else's page (DNS
 * rebinding). A Unix socket can't be reached that way. */
static enum err_code check_host(const struct web_gate_facts *facts, struct err *err)
{
    static const char *const names[] = {"127.0.0.1", "[::1]", "localhost"};
    if (facts->host_count != 1)
        return err_set(err, ERR_HTTP_HOST, "not exactly one Host");
    if (facts->local)
        return ERR_NONE;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "%s:%u", names[i], facts->port);
        if (strcmp(facts->host, expected) == 0)
            return ERR_NONE;
    }
    return err_set(err, ERR_HTTP_HOST, "not a Host of this computer with our port");
}

static enum err_code check_method(const struct web_gate_facts *facts, struct err *err)
{
    if (facts->method == HTTP_GET || facts->method == HTTP_POST)
        return ERR_NONE;
    if (facts->method == HTTP_OPTIONS && !facts->local)
        return ERR_NONE;
    return err_set(err, ERR_HTTP_METHOD, "not a method of this API");
}

static enum err_code check_origin(const struct web_gate_facts *facts, struct err *err)
{
    bool fine = facts->local ? facts->origin_count == 0
                             : facts->origin_count == 1 && facts->origin_listed &&
                                   strcmp(facts->origin, "null") != 0;
    return fine ? ERR_NONE : err_set(err, ERR_HTTP_ORIGIN, "the Origin is not listed");
}

static enum err_code check_fetch_metadata(const struct web_gate_facts *facts, struct err *err)
{
    if (facts->fetch_mode_count > 1 || facts->fetch_dest_count > 1)
        return err_set(err, ERR_HTTP_FETCH_METADATA, "doubled Sec-Fetch headers");
    if (facts->fetch_mode_count == 1 && strcmp(facts->fetch_mode, "navigate") == 0)
        return err_set(err, ERR_HTTP_FETCH_METADATA, "Sec-Fetch-Mode is navigate");
    if (facts->fetch_dest_count == 1 && strcmp(facts->fetch_dest, "empty") != 0 &&
        strcmp(facts->fetch_dest, "websocket") != 0)
        return err_set(err, ERR_HTTP_FETCH_METADATA, "Sec-Fetch-Dest is not a script's");
    return ERR_NONE;
}

static enum err_code check_content(const struct web_gate_facts *facts, struct err *err)
{
    if (facts->method == HTTP_POST &&
        (facts->content_type_count != 1 || !http_content_type_is_json(facts->content_type)))
        return err_set(err, ERR_HTTP_CONTENT_TYPE, "one Content-Type, application/json");
    if (facts->content_length > WEB_BODY_BYTES_MAX)
        return err_set(err, ERR_HTTP_TOO_LARGE, "more than %d bytes", WEB_BODY_BYTES_MAX);
    if (facts->names_pin)
        return err_set(err, ERR_PIN_IN_REQUEST, "in the query");
    return ERR_NONE;
}

static bool is_once(const char *text, unsigned count, const char *wanted)
{
    return count == 1 && strcmp(text, wanted) == 0;
}

bool web_gate_is_knock(const struct web_gate_facts *facts)
{
    return !facts->local && facts->method == HTTP_GET && facts->origin_count == 0 &&
           is_once(facts->fetch_mode, facts->fetch_mode_count, "no-cors") &&
           is_once(facts->fetch_dest, facts->fetch_dest_count, "empty");
}

enum err_code web_gate_judge(const struct web_gate_facts *facts, bool *out_known, struct err *err)
{
    if (check_peer(facts, err) != ERR_NONE || check_host(facts, err) != ERR_NONE ||
        check_method(facts, err) != ERR_NONE || check_origin(facts, err) != ERR_NONE) {
        *out_known = false;
        return err->code;
    }
    *out_known = !facts->local;
    if (check_fetch_metadata(facts, err) != ERR_NONE || check_content(facts, err) != ERR_NONE)
        return err->code;
    return ERR_NONE;
}
