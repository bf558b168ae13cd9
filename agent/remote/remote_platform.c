#include <stdlib.h>

#include "agent/remote/remote.h"
#include "agent/remote/remote_confirmation.h"
#include "agent/remote/remote_jobs.h"
#include "agent/remote/remote_request.h"
#include "agent/remote/remote_seal.h"
#include "agent/remote/remote_unblock.h"

static enum err_code redeem(struct remote *remote, const struct remote_call *call,
                            const struct remote_redeem *redeem, struct remote_job **out,
                            struct err *err)
{
    return remote_jobs_redeem(call, redeem, out, err);
}

static enum err_code request(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job, const struct remote_request *request,
                             struct remote_issued **out, int *out_retry_s, struct err *err)
{
    return remote_request_put(call, job, request, out, out_retry_s, err);
}

static enum err_code confirm(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job,
                             const struct remote_confirmation *confirmation, struct err *err)
{
    return remote_confirmation_put(call, job, confirmation, err);
}

static enum err_code seal(struct remote *remote, const struct remote_call *call,
                          const struct remote_job *job, const struct remote_seal_request *request,
                          struct remote_new_seal **out, struct err *err)
{
    return remote_seal_put(call, job, request, out, err);
}

static enum err_code unblock(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job,
                             const struct remote_unblock_request *request, struct secret **out,
                             struct err *err)
{
    return remote_unblock_post(call, job, request, out, err);
}

static const struct remote_class platform_class = {
    .redeem = redeem,
    .request = request,
    .confirm = confirm,
    .seal = seal,
    .unblock = unblock,
};

enum err_code remote_http_new(struct remote **out, struct err *err)
{
    struct remote *remote = memory_new(sizeof *remote);
    remote->class = &platform_class;
    *out = remote;
    return ERR_NONE;
}

void remote_http_free(struct remote *remote)
{
    free(remote);
}
