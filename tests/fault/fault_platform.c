#include "tests/fault/fault_platform.h"

#include "portal/portal_confirm.h"
#include "portal/portal_issue.h"
#include "portal/portal_job.h"
#include "portal/portal_manage.h"
#include "portal/portal_reset_answer.h"
#include "portal/portal_seal.h"
#include "tests/fault/fault_memory.h"

/* What one call is about. */
struct call {
    const struct remote_job *job; /* NULL: there is none yet */
    const void *in;
    void *out;
};
typedef enum err_code (*act_fn)(struct portal *portal, const struct portal_job *job,
                                const struct call *call, struct err *err);

static enum err_code act(struct fault_platform *platform, const struct call *call, act_fn function,
                         struct err *err)
{
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    if (call->job != NULL && portal_job_authorise(platform->portal, call->job->id,
                                                  call->job->secret, &job, err) != ERR_NONE)
        return err->code;
    return function(platform->portal, job, call, err);
}

/* What the agent gets; when the answer is lost the call's output is, too. */
static enum err_code call_portal(struct fault_platform *platform, const struct call *call,
                                 act_fn function, void (*forget)(void *out), struct err *err)
{
    bool struck = fault_strikes(platform->plan, FAULT_PLATFORM);
    const struct fault_kind *kind = platform->plan->kind;
    if (struck && kind->way == FAULT_CALL_BEFORE)
        return err_set(err, (enum err_code)kind->argument, "cut before the platform acted");
    pthread_mutex_lock(&platform->lock);
    bool before = fault_memory_elsewhere(true);
    int64_t said = fault_clock_elsewhere(platform->plan);
    enum err_code code = act(platform, call, function, err);
    fault_clock_back(platform->plan, said);
    fault_memory_elsewhere(before);
    pthread_mutex_unlock(&platform->lock);
    fault_after(platform->plan, struck);
    if (!struck || kind->way != FAULT_CALL_AFTER)
        return code;
    if (code == ERR_NONE && forget != NULL)
        forget(call->out);
    *err = ERR_INIT;
    return err_set(err, (enum err_code)kind->argument, "cut after the platform acted");
}

static struct bytes *copy(const struct bytes *bytes)
{
    return bytes == NULL ? NULL : bytes_new(span_bytes(bytes));
}

/* ---- redeem ---- */

static enum err_code act_redeem(struct portal *portal, const struct portal_job *none,
                                const struct call *call, struct err *err)
{
    (void)none;
    const struct remote_redeem *redeem = call->in;
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    AUTO(memory_freep) char *secret = NULL;
    if (portal_job_redeem(portal, redeem->ticket, redeem->serial, &job, err) != ERR_NONE ||
        portal_job_secret(portal, job->id, &secret, err) != ERR_NONE)
        return err->code;
    struct remote_job *out = memory_new(sizeof *out);
    *out = (struct remote_job){
        .id = memory_text(job->id),
        .secret = TAKE(secret),
        .kind = memory_text(job->kind),
        .challenge = copy(job->challenge),
        .expires_utc = job->expires_utc,
        .order = memory_text(job->number),
        .holder = memory_text(job->key->organisation),
        .serial = memory_text(job->key->serial),
        .approved = job->order == NULL || job->order->state == PORTAL_ORDER_APPROVED,
    };
    if (job->order != NULL) {
        out->replace_key = job->order->policy.replace_key;
        out->algorithm = memory_text(cert_algorithm_text(job->order->policy.algorithm));
        out->dual = job->order->policy.dual;
        out->not_after_utc = job->not_after_utc;
    }
    *(struct remote_job **)call->out = out;
    return ERR_NONE;
}

static void forget_job(void *out)
{
    remote_job_freep(out);
}

static enum err_code redeem(struct remote *remote, const struct remote_call *call,
                            const struct remote_redeem *in, struct remote_job **out,
                            struct err *err)
{
    (void)call;
    struct remote_job *job = NULL;
    const struct call what = {NULL, in, &job};
    enum err_code code =
        call_portal((struct fault_platform *)remote, &what, act_redeem, forget_job, err);
    if (code == ERR_NONE)
        *out = job;
    return code;
}

/* ---- request ---- */

static enum err_code act_request(struct portal *portal, const struct portal_job *job,
                                 const struct call *call, struct err *err)
{
    const struct remote_request *in = call->in;
    const struct portal_issue_request request = {in->csr, in->proof, in->kept};
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    if (portal_issue_request(portal, job, &request, &issue, err) != ERR_NONE)
        return err->code;
    struct remote_issued *out = memory_new(sizeof *out);
    out->sign_cert = copy(issue->sign_cert);
    out->encrypt_cert = copy(issue->encrypt_cert);
    out->envelope = copy(issue->enveloped_key);
    out->chain[0] = copy(issue->chain);
    out->chain_count = 1;
    *(struct remote_issued **)call->out = out;
    return ERR_NONE;
}

static void forget_issued(void *out)
{
    remote_issued_freep(out);
}

static enum err_code request(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job, const struct remote_request *in,
                             struct remote_issued **out, int *out_retry_s, struct err *err)
{
    (void)call;
    *out_retry_s = 1; /* when it is to be asked for again */
    struct remote_issued *issued = NULL;
    const struct call what = {job, in, &issued};
    enum err_code code =
        call_portal((struct fault_platform *)remote, &what, act_request, forget_issued, err);
    if (code == ERR_NONE)
        *out = issued;
    return code;
}

/* ---- confirm ---- */

static enum err_code act_confirm(struct portal *portal, const struct portal_job *job,
                                 const struct call *call, struct err *err)
{
    const struct remote_confirmation *in = call->in;
    const struct portal_confirmation confirmation = {in->outcome, in->digest, in->proof};
    return portal_confirm(portal, job, &confirmation, err);
}

static enum err_code confirm(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job, const struct remote_confirmation *in,
                             struct err *err)
{
    (void)call;
    const struct call what = {job, in, NULL};
    return call_portal((struct fault_platform *)remote, &what, act_confirm, NULL, err);
}

/* ---- seal ---- */

static enum err_code act_seal(struct portal *portal, const struct portal_job *job,
                              const struct call *call, struct err *err)
{
    const struct remote_seal_request *in = call->in;
    const struct portal_seal_request request = {in->seal, in->proof};
    AUTO(bytes_freep) struct bytes *seal = NULL;
    if (portal_seal_extend(portal, job, &request, &seal, err) != ERR_NONE)
        return err->code;
    struct remote_new_seal *out = memory_new(sizeof *out);
    out->seal = TAKE(seal);
    out->chain[0] = bytes_new(portal_ca_issuing(portal->ca, CERT_SM2));
    out->chain_count = 1;
    *(struct remote_new_seal **)call->out = out;
    return ERR_NONE;
}

static void forget_seal(void *out)
{
    remote_new_seal_freep(out);
}

static enum err_code seal(struct remote *remote, const struct remote_call *call,
                          const struct remote_job *job, const struct remote_seal_request *in,
                          struct remote_new_seal **out, struct err *err)
{
    (void)call;
    struct remote_new_seal *made = NULL;
    const struct call what = {job, in, &made};
    enum err_code code =
        call_portal((struct fault_platform *)remote, &what, act_seal, forget_seal, err);
    if (code == ERR_NONE)
        *out = made;
    return code;
}

/* ---- unblock ---- */

static enum err_code answer(struct portal *portal, const struct portal_job *job,
                            const struct remote_unblock_request *in, struct bytes **out,
                            struct err *err)
{
    const struct portal_manage_question manage = {in->challenge, in->algorithm, in->profile};
    const struct portal_reset_question reset = {
        .purpose = in->purpose == REMOTE_UNBLOCK_LOGIN ? "login" : "unblock",
        .challenge = in->challenge,
        .application = in->application,
        .profile = in->profile,
        .administrator_tries = in->administrator_tries,
        .refused = in->refused,
    };
    return in->purpose == REMOTE_UNBLOCK_MANAGE
               ? portal_manage_answer(portal, job, &manage, out, err)
               : portal_reset_answer(portal, job, &reset, out, err);
}

static enum err_code act_unblock(struct portal *portal, const struct portal_job *job,
                                 const struct call *call, struct err *err)
{
    const struct remote_unblock_request *in = call->in;
    AUTO(bytes_wipe_freep) struct bytes *blob = NULL;
    if (answer(portal, job, in, &blob, err) != ERR_NONE ||
        secret_new(blob->len, call->out, err) != ERR_NONE)
        return err->code;
    struct secret *out = *(struct secret **)call->out;
    memcpy(secret_room(out), blob->at, blob->len);
    secret_set_length(out, blob->len);
    return ERR_NONE;
}

static void forget_secret(void *out)
{
    secret_freep(out);
}

static enum err_code unblock(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job, const struct remote_unblock_request *in,
                             struct secret **out, struct err *err)
{
    (void)call;
    struct secret *blob = NULL;
    const struct call what = {job, in, &blob};
    enum err_code code =
        call_portal((struct fault_platform *)remote, &what, act_unblock, forget_secret, err);
    if (code == ERR_NONE)
        *out = blob;
    return code;
}

static const struct remote_class class = {redeem, request, confirm, seal, unblock};

enum err_code fault_platform_open(struct fault_platform *platform, const char *folder,
                                  struct fault_plan *plan, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    if (portal_open(folder, "test", &portal, err) != ERR_NONE ||
        portal_open_keys(portal, err) != ERR_NONE)
        return err->code;
    platform->remote.class = &class;
    platform->plan = plan;
    platform->portal = TAKE(portal);
    pthread_mutex_init(&platform->lock, NULL);
    return ERR_NONE;
}

void fault_platform_close(struct fault_platform *platform)
{
    portal_freep(&platform->portal);
    pthread_mutex_destroy(&platform->lock);
}
