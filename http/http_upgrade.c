#include "http/http_upgrade.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <strings.h>

#include "base/hex.h"

/* Source: RFC 6455 1.3. */
#define ACCEPT_SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_BYTES 16

bool http_upgrade_list_has(const char *list, const char *token)
{
    size_t length = strlen(token);
    while (list != NULL && *list != '\0') {
        list += strspn(list, ", \t");
        size_t item = strcspn(list, ", \t");
        if (item == length && strncasecmp(list, token, length) == 0)
            return true;
        list += item;
    }
    return false;
}

char *http_upgrade_accept_of(const char *key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    AUTO(memory_freep) char *text = memory_printf("%s%s", key, ACCEPT_SUFFIX);
    if (EVP_Digest(text, strlen(text), digest, &length, EVP_sha1(), NULL) != 1)
        abort(); /* out of memory */
    return base64_encode(span_of(digest, length));
}

static bool refuse(struct http_request *request, enum err_code code, const char *detail)
{
    struct err err = ERR_INIT;
    err_set(&err, code, "%s", detail);
    if (code == ERR_HTTP_UPGRADE_REQUIRED) {
        http_reply_header(request, "Upgrade", "websocket");
        http_reply_header(request, "Sec-WebSocket-Version", "13");
    }
    http_reply_problem(request, &err);
    return false;
}

static bool key_is_good(const char *key)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *bytes = NULL;
    return key != NULL && base64_decode(key, KEY_BYTES, &bytes, &err) == ERR_NONE &&
           bytes->len == KEY_BYTES;
}

bool http_upgrade_check(struct http_request *request, const char *subprotocol, char **out_accept)
{
    unsigned keys;
    unsigned protocols;
    const char *key = http_request_header(request, "Sec-WebSocket-Key", &keys);
    const char *offered = http_request_header(request, "Sec-WebSocket-Protocol", &protocols);
    const char *version = http_request_header(request, "Sec-WebSocket-Version", NULL);
    if (!http_upgrade_list_has(http_request_header(request, "Upgrade", NULL), "websocket") ||
        !http_upgrade_list_has(http_request_header(request, "Connection", NULL), "upgrade"))
        return refuse(request, ERR_HTTP_UPGRADE_REQUIRED, "no Upgrade: websocket");
    if (version == NULL || strcmp(version, "13") != 0)
        return refuse(request, ERR_HTTP_UPGRADE_REQUIRED, "Sec-WebSocket-Version is not 13");
    if (keys != 1 || !key_is_good(key))
        return refuse(request, ERR_HTTP_BAD_REQUEST, "Sec-WebSocket-Key is not 16 bytes of Base64");
    if (protocols != 1 || !http_upgrade_list_has(offered, subprotocol))
        return refuse(request, ERR_HTTP_BAD_REQUEST, "the subprotocol is not offered");
    *out_accept = http_upgrade_accept_of(key);
    return true;
}
