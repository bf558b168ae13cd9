#include "agent/remote/remote_curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

static struct remote_curl curl;
static bool loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define FUNCTION(member) \
    { \
        "curl_" #member, (void **)&curl.member \
    }

static const struct {
    const char *name;
    void **at;
} functions[] = {
    FUNCTION(global_init),         FUNCTION(easy_init),     FUNCTION(easy_cleanup),
    FUNCTION(easy_setopt),         FUNCTION(easy_getinfo),  FUNCTION(easy_strerror),
    FUNCTION(multi_init),          FUNCTION(multi_cleanup), FUNCTION(multi_add_handle),
    FUNCTION(multi_remove_handle), FUNCTION(multi_perform), FUNCTION(multi_poll),
    FUNCTION(multi_info_read),     FUNCTION(slist_append),  FUNCTION(slist_free_all),
};

static void load(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
        *functions[i].at = dlsym(library, functions[i].name);
        if (*functions[i].at == NULL)
            return;
    }
    loaded = curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

enum err_code remote_curl_get(const struct remote_curl **out, struct err *err)
{
    pthread_once(&once, load);
    if (!loaded)
        return err_set(err, ERR_INTERNAL, "libcurl.so.4 can't be loaded");
    *out = &curl;
    return ERR_NONE;
}
