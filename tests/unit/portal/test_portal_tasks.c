#include "portal/portal_tasks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
/* needs some of the above */
#include <cmocka.h>

#include <poll.h>

#include "base/cancel.h"
#include "world.h"

#define AT_ONCE 2
#define QUEUE 3

struct scene {
    struct loop *loop;
    struct portal_tasks *tasks;
    struct cancel *go; /* what the work waits for */
    atomic_int running, most;
    int worked, dropped, left;
};

static void work(void *context)
{
    struct scene *scene = context;
    int now = atomic_fetch_add(&scene->running, 1) + 1;
    int most = atomic_load(&scene->most);
    while (now > most && !atomic_compare_exchange_weak(&scene->most, &most, now))
        ;
    struct pollfd go = {.fd = cancel_fd(scene->go), .events = POLLIN};
    poll(&go, 1, -1);
    atomic_fetch_sub(&scene->running, 1);
}

static void over(void *context, bool worked)
{
    struct scene *scene = context;
    if (worked)
        scene->worked++;
    else
        scene->dropped++;
    if (--scene->left == 0)
        loop_stop(scene->loop);
}

static struct scene *open_scene(void)
{
    struct scene *scene = memory_new(sizeof *scene);
    struct err err = ERR_INIT;
    world_must(loop_new(&scene->loop, &err), &err);
    world_must(cancel_new(&scene->go, &err), &err);
    scene->tasks = portal_tasks_new(scene->loop, AT_ONCE, QUEUE);
    return scene;
}

static void close_scene(struct scene *scene)
{
    loop_free(scene->loop);
    cancel_free(scene->go);
    free(scene);
}

static void add(struct scene *scene, int count)
{
    for (int i = 0; i < count; i++) {
        struct err err = ERR_INIT;
        world_must(portal_tasks_add(scene->tasks, work, over, scene, &err), &err);
        scene->left++;
    }
}

static void all_are_done_a_few_at_once(void **state)
{
    struct scene *scene = open_scene();
    struct err err = ERR_INIT;
    add(scene, AT_ONCE + QUEUE);
    assert_int_equal(portal_tasks_count(scene->tasks), AT_ONCE + QUEUE);
    cancel_request(scene->go);
    world_must(loop_run(scene->loop, &err), &err);
    assert_int_equal(scene->worked, AT_ONCE + QUEUE);
    assert_int_equal(scene->dropped, 0);
    assert_in_range(atomic_load(&scene->most), 1, AT_ONCE);
    assert_int_equal(portal_tasks_count(scene->tasks), 0);
    portal_tasks_free(scene->tasks);
    close_scene(scene);
}

static void a_full_queue_takes_no_more(void **state)
{
    struct scene *scene = open_scene();
    struct err err = ERR_INIT;
    add(scene, AT_ONCE + QUEUE);
    assert_int_equal(portal_tasks_add(scene->tasks, work, over, scene, &err), ERR_HTTP_TOO_MANY);
    cancel_request(scene->go);
    portal_tasks_free(scene->tasks);
    assert_int_equal(scene->worked + scene->dropped, AT_ONCE + QUEUE);
    close_scene(scene);
}

/* What runs is waited for, what waits is told that it won't. */
static void freeing_tells_everybody(void **state)
{
    struct scene *scene = open_scene();
    add(scene, AT_ONCE + 1);
    cancel_request(scene->go);
    portal_tasks_free(scene->tasks);
    assert_int_equal(scene->left, 0);
    assert_int_equal(scene->worked, AT_ONCE);
    assert_int_equal(scene->dropped, 1);
    close_scene(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_done_a_few_at_once),
        cmocka_unit_test(a_full_queue_takes_no_more),
        cmocka_unit_test(freeing_tells_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
