#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* needs some of the above */
#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "portal/portal_download.h"
#include "tests/unit/portal/world.h"
#include "web_world.h"

#define CONTENT_BYTES 300000

static struct portal *portal;
static struct web_world *world;
static char folder[] = "/tmp/ukey-portal-test-XXXXXX";

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)type, (void)at;
    return remove(path);
}

static int setup(void **state)
{
    struct err err = ERR_INIT;
    int64_t id = 0;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    portal = world_bare();
    portal->folder = memory_text(mkdtemp(folder));
    world = web_world_new(portal, NULL);
    AUTO(memory_freep) char *path = file_join(folder, "given");
    AUTO(bytes_freep) struct bytes *content = bytes_new_size(CONTENT_BYTES);
    memset(content->at, 'x', content->len);
    world_must(file_write_atomic(path, span_bytes(content), 0600, &err), &err);
    world_must(portal_download_add(portal, "driver", "驱动.zip", path, &id, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    web_world_free(world);
    portal_free(portal);
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void anyone_may_fetch_what_is_listed(void **state)
{
    AUTO(web_result_done) struct web_result list = {0};
    AUTO(web_result_done) struct web_result file = {0};
    web_world_expect(world, "GET", "/downloads", NULL, 200, &list);
    const struct json *first = json_item(list.json, 0);
    assert_string_equal(json_text_of(json_member(first, "name")), "驱动.zip");
    assert_string_equal(json_text_of(json_member(first, "kind")), "driver");
    const char *url = json_text_of(json_member(first, "url"));
    assert_string_equal(url, "/web/v1/downloads/1");
    web_world_expect(world, "GET", url + strlen(WEB_BASE), NULL, 200, &file);
    assert_int_equal(file.body_bytes, CONTENT_BYTES);
    AUTO(memory_freep) char *disposition = web_result_header(&file, "Content-Disposition");
    AUTO(memory_freep) char *type = web_result_header(&file, "Content-Type");
    assert_string_equal(disposition, "attachment; filename=\"______.zip\"; "
                                     "filename*=UTF-8''%E9%A9%B1%E5%8A%A8.zip");
    assert_string_equal(type, "application/octet-stream");
}

static void a_head_tells_the_size(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    web_world_expect(world, "HEAD", "/downloads/1", NULL, 200, &result);
    AUTO(memory_freep) char *length = web_result_header(&result, "Content-Length");
    assert_string_equal(length, "300000");
    assert_int_equal(result.body_bytes, 0);
}

static void nothing_else_can_be_fetched(void **state)
{
    static const char *const wrong[] = {"/downloads/2",     "/downloads/-1",
                                        "/downloads/1x",    "/downloads/0",
                                        "/downloads/given", "/downloads/9999999999999999"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        web_world_refused(world, "GET", wrong[i], NULL, "no-such-record");
    web_world_refused(world, "GET", "/downloads/..%2Fportal.db", NULL, "not-found");
    web_world_refused(world, "POST", "/downloads", "{}", "method-not-allowed");
}

static void what_is_gone_is_our_fault(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    AUTO(memory_freep) char *contents = file_join(folder, "downloads");
    assert_int_equal(nftw(contents, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
    log_set_level(LOG_LEVEL_ERROR);
    web_world_expect(world, "GET", "/downloads/1", NULL, 500, &result);
    assert_null(strstr(result.body, folder));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(anyone_may_fetch_what_is_listed),
        T(a_head_tells_the_size),
        T(nothing_else_can_be_fetched),
        T(what_is_gone_is_our_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
