/* Ctrl-C: the first one cancels the operation, the next one leaves. */
#pragma once

/* From now on SIGINT and SIGTERM are only counted. */
void ctl_interrupt_catch(void);
int ctl_interrupt_count(void);
