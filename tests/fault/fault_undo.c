#include "tests/fault/fault_undo.h"

#include <stdlib.h>

#include "base/memory.h"

struct fault_undo {
    struct fault_undo *next;
    sqlite3_int64 size; /* of the file */
    sqlite3_int64 offset;
    int len;
    unsigned char content[];
};

void fault_undo_note(struct fault_undo **list, sqlite3_file *file, sqlite3_int64 offset,
                     sqlite3_int64 len)
{
    sqlite3_int64 size = 0;
    if (file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        abort();
    sqlite3_int64 there = offset >= size ? 0 : offset + len > size ? size - offset : len;
    struct fault_undo *undo = memory_new(sizeof *undo + (size_t)there);
    undo->next = *list;
    undo->size = size;
    undo->offset = offset;
    undo->len = (int)there;
    if (there > 0 && file->pMethods->xRead(file, undo->content, undo->len, offset) != SQLITE_OK)
        abort();
    *list = undo;
}

void fault_undo_forget(struct fault_undo **list)
{
    while (*list != NULL) {
        struct fault_undo *undo = *list;
        *list = undo->next;
        free(undo);
    }
}

void fault_undo_all(const struct fault_undo *list, sqlite3_file *file)
{
    for (; list != NULL; list = list->next)
        if ((list->len > 0 &&
             file->pMethods->xWrite(file, list->content, list->len, list->offset) != SQLITE_OK) ||
            file->pMethods->xTruncate(file, list->size) != SQLITE_OK)
            abort();
}
