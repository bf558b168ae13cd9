/* Reading all plugged-in keys for people to see. Loop's thread only. */
#pragma once

struct ops;
struct op_keys;

struct op_keys *op_keys_new(struct ops *ops);
/* Drops what is under way, after its threads have ended; the loop's posted messages must run once more.
 * NULL is fine. */
void op_keys_free(struct op_keys *keys);
