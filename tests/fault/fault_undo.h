/* What a file held before it was written to, as long as it may still be lost with the power. */
#pragma once

#include <sqlite3.h>

struct fault_undo;

/* Before len bytes at offset are written or cut off (as far as they are there): notes them in front of *list. */
void fault_undo_note(struct fault_undo **list, sqlite3_file *file, sqlite3_int64 offset,
                     sqlite3_int64 len);
/* Frees the list. */
void fault_undo_forget(struct fault_undo **list);
/* Puts everything back, newest first. */
void fault_undo_all(const struct fault_undo *list, sqlite3_file *file);
