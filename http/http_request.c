#include "http/http_request.h"

#include <stdlib.h>
#include <strings.h>

struct header_search {
    const char *name;
    const char *value;
    unsigned count;
};

void http_request_free(struct http_request *request)
{
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    for (size_t i = 0; i < request->header_count; i++) {
        free(request->headers[i].name);
        free(request->headers[i].value);
    }
    buf_done(&request->body);
    free(request->path);
    free(request);
}

enum http_method http_request_method(const struct http_request *request)
{
    return request->method;
}

const char *http_request_path(const struct http_request *request)
{
    return request->path;
}

static enum MHD_Result look_at_header(void *context, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    struct header_search *search = context;
    if (strcasecmp(name, search->name) != 0)
        return MHD_YES;
    if (search->count++ == 0)
        search->value = value != NULL ? value : "";
    return MHD_YES;
}

const char *http_request_header(const struct http_request *request, const char *name,
                                unsigned *out_count)
{
    struct header_search search = {.name = name};
    MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, look_at_header, &search);
    if (out_count != NULL)
        *out_count = search.count;
    return search.value;
}

const char *http_request_segment(const struct http_request *request, const char *name)
{
    return http_route_segment(&request->match, name);
}

const char *http_request_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_GET_ARGUMENT_KIND, name);
}

const void *http_request_route_data(const struct http_request *request)
{
    return request->route->data;
}

struct span http_request_body(const struct http_request *request)
{
    return buf_span(&request->body);
}

enum lang http_request_lang(const struct http_request *request)
{
    return text_lang_from_accept_language(http_request_header(request, "Accept-Language", NULL));
}

bool http_request_is_tls(const struct http_request *request)
{
    return request->peer.tls;
}

uint16_t http_request_local_port(const struct http_request *request)
{
    return request->peer.local_port;
}

const struct sockaddr *http_request_peer(const struct http_request *request, uid_t *out_uid)
{
    if (out_uid != NULL)
        *out_uid = request->peer.uid;
    return (const struct sockaddr *)&request->peer.address;
}

void http_request_set_data(struct http_request *request, void *data)
{
    request->data = data;
}

void *http_request_data(const struct http_request *request)
{
    return request->data;
}

void http_request_set_peer_data(struct http_request *request, void *data)
{
    if (request->connection != NULL)
        http_connection_set_data(request->connection, data);
}

void *http_request_peer_data(const struct http_request *request)
{
    return request->connection != NULL ? http_connection_data(request->connection) : NULL;
}

void http_request_on_gone(struct http_request *request, http_handler gone, void *context)
{
    request->gone = gone;
    request->gone_context = context;
}

bool http_content_type_is_json(const char *value)
{
    static const char type[] = "application/json";
    if (value == NULL || strncasecmp(value, type, sizeof type - 1) != 0)
        return false;
    value += sizeof type - 1;
    value += strspn(value, " \t");
    if (*value == '\0')
        return true;
    if (*value++ != ';')
        return false;
    value += strspn(value, " \t");
    return strcasecmp(value, "charset=utf-8") == 0 || strcasecmp(value, "charset=\"utf-8\"") == 0;
}

bool http_request_json(struct http_request *request, struct json **out)
{
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *json = NULL;
    unsigned count;
    const char *type = http_request_header(request, "Content-Type", &count);
    if (count != 1 || !http_content_type_is_json(type))
        err_set(&err, ERR_HTTP_CONTENT_TYPE, "one Content-Type, application/json");
    else if (json_parse(http_request_body(request), request->route->body_bytes_max, &json, &err) ==
                 ERR_NONE &&
             !json_is_object(json))
        err_set(&err, ERR_FIELD_TYPE, "not an object");
    if (err.code != ERR_NONE) {
        http_reply_problem(request, &err);
        return false;
    }
    *out = TAKE(json);
    return true;
}
