/* For test_prompt_real.py: asks for a new PIN with the pinentry that argv[1] names, and prints what came of
 * it. The PINs are the test's. */
#include <stdio.h>

#include "agent/prompt/prompt.h"
#include "agent/prompt/prompt_process.h"

#define SECONDS 20

static int quality(void *context, struct span pin)
{
    int *calls = context;
    (*calls)++;
    return pin.len < 6 ? -20 : (int)pin.len * 10;
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    struct launch_task task;
    AUTO(launch_freep) struct launch *launch = NULL;
    AUTO(secret_freep) struct secret *pin = NULL;
    int calls = 0;
    const struct prompt_new_pin question = {
        .question = {.title = "设置新的CA锁密码",
                     .description = "新密码为 6 到 16 个字符。",
                     .label = "新密码：",
                     .ok = "确定",
                     .cancel = "取消",
                     .deadline = deadline_in_ms(SECONDS * 1000)},
        .repeat_label = "再次输入：",
        .repeat_error = "两次输入的密码不一致",
        .quality = quality,
        .context = &calls,
    };
    if (argc != 2 || prompt_process_task(argv[1], &task, &err) != ERR_NONE ||
        launch_new(&task, 1, &launch, &err) != ERR_NONE)
        return 2;
    struct prompt *prompt = prompt_pinentry_new(launch, 0, LANG_ZH);
    enum err_code code = prompt->class->new_pin(prompt, &question, NULL, &pin, &err);
    prompt_pinentry_free(prompt);
    if (code != ERR_NONE)
        return printf("%s\n", err_code_text(code)) < 0;
    struct span typed = secret_peek(pin);
    return printf("%.*s, judged %d times\n", (int)typed.len, (const char *)typed.at, calls) < 0;
}
