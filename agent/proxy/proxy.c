#include "agent/proxy/proxy.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/span.h"

static const char *first_set(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0')
            return value;
    }
    return NULL;
}

static void set(struct proxy *out, enum proxy_source source, const char *url, const char *no_proxy)
{
    out->source = source;
    out->url = memory_text(url);
    out->no_proxy = memory_text(no_proxy == NULL ? "" : no_proxy);
}

void proxy_choose(const char *platform, const char *agent, const struct proxy_desktop *desktop,
                  struct proxy *out)
{
    static const char *const proxies[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    static const char *const exceptions[] = {"no_proxy", "NO_PROXY"};
    const char *configured = platform != NULL ? platform : agent;
    const char *environment = first_set(proxies, ARRAY_SIZE(proxies));
    *out = (struct proxy){0};
    if (configured != NULL)
        set(out, PROXY_CONFIGURATION, strcmp(configured, PROXY_OFF) == 0 ? "" : configured, NULL);
    else if (environment != NULL)
        set(out, PROXY_ENVIRONMENT, environment, first_set(exceptions, ARRAY_SIZE(exceptions)));
    else if (desktop->url != NULL)
        set(out, PROXY_DESKTOP, desktop->url, desktop->no_proxy);
    else
        set(out, PROXY_DIRECT, "", NULL);
    out->script = out->source == PROXY_DIRECT && desktop->script;
}

void proxy_done(struct proxy *proxy)
{
    free(proxy->url);
    free(proxy->no_proxy);
    *proxy = (struct proxy){0};
}

const char *proxy_source_text(enum proxy_source source)
{
    static const char *const texts[] = {
        [PROXY_DIRECT] = "direct",
        [PROXY_CONFIGURATION] = "configuration",
        [PROXY_ENVIRONMENT] = "environment",
        [PROXY_DESKTOP] = "desktop",
    };
    return texts[source];
}
