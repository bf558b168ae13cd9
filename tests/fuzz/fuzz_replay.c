/* Runs a fuzz target without a fuzzer: every argument is a file, or a folder of files, and each file is one
 * input. The results are told as TAP; an input that ends the process is the last one named. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "fuzz.h"

#define INPUT_BYTES_MAX (1 << 20)

static int count, failed;

static void replay_file(const char *path)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    struct err err = ERR_INIT;
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    (void)fprintf(stderr, "# %s\n", path);
    if (file_read(path, INPUT_BYTES_MAX, &content, &err) != ERR_NONE) {
        printf("not ok %d - %s\n# %s\n", ++count, name, err.detail);
        failed++;
        return;
    }
    /* of exactly its size, for the sanitizer */
    uint8_t *copy = malloc(content->len + (content->len == 0));
    fuzz_require(copy != NULL);
    memcpy(copy, content->at, content->len);
    (void)LLVMFuzzerTestOneInput(copy, content->len);
    free(copy);
    printf("ok %d - %s\n", ++count, name);
}

static void replay_folder(const char *folder)
{
    struct dirent **entries = NULL;
    int entry_count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < entry_count; i++) {
        AUTO(memory_freep) char *path = file_join(folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            replay_file(path);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct stat status;
        if (stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode))
            replay_folder(argv[i]);
        else
            replay_file(argv[i]);
    }
    printf("1..%d\n", count);
    return count == 0 || failed > 0;
}
