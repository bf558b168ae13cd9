#include "portal/portal_attachment.h"
#include "portal/web/web_order.h"
#include "portal/web/web_reply.h"

static const char *name_of(const struct web_call *call)
{
    return http_request_segment(call->request, "name");
}

static enum err_code put_attachment(const struct web_call *call, struct web_answer *out,
                                    struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    unsigned count = 0;
    const char *type = http_request_header(call->request, "Content-Type", &count);
    const struct portal_attachment_new new = {
        .name = name_of(call),
        .content_type = count == 1 ? type : NULL,
        .content = call->raw,
    };
    if (web_order_of(call, &order, err) != ERR_NONE ||
        portal_attachment_put(call->web->portal, order->number, &new, &out->json, err) != ERR_NONE)
        return err->code;
    out->status = 201;
    return ERR_NONE;
}

static enum err_code get_attachment(const struct web_call *call, struct web_answer *out,
                                    struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    const char *type = NULL;
    uint64_t size_bytes = 0;
    int fd = -1;
    if (web_order_of(call, &order, err) != ERR_NONE ||
        portal_attachment_open(call->web->portal, order->number, name_of(call), &fd, &size_bytes,
                               &type, err) != ERR_NONE)
        return err->code;
    web_reply_file(call, name_of(call), type, fd, size_bytes, out);
    return ERR_NONE;
}

static enum err_code delete_attachment(const struct web_call *call, struct web_answer *out,
                                       struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    if (web_order_of(call, &order, err) != ERR_NONE ||
        portal_attachment_delete(call->web->portal, order->number, name_of(call), err) != ERR_NONE)
        return err->code;
    out->status = 204;
    return ERR_NONE;
}

#define ADDRESS "/orders/{number}/attachments/{+name}"

static const struct web_route routes[] = {
    {HTTP_PUT, ADDRESS, WEB_BIDDER, put_attachment, PORTAL_ATTACHMENT_BYTES_MAX},
    {HTTP_GET, ADDRESS, WEB_BIDDER | WEB_REVIEWER, get_attachment},
    {HTTP_DELETE, ADDRESS, WEB_BIDDER, delete_attachment},
};
const struct web_table web_attachment_table = {routes, ARRAY_SIZE(routes)};
