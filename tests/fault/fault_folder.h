/* Folders of cases: on a file system in memory where there is one, since every step of a key and a journal is
 * synced. */
#pragma once

/* A new empty folder; the caller frees the path. Ends the process when there is no room for one. */
char *fault_folder_new(void);
/* Everything below from, into to, which is made. */
void fault_folder_copy(const char *from, const char *to);
/* Removes it with everything in it. */
void fault_folder_remove(const char *path);
