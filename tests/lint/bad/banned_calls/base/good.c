/* strcpy(to, from) is only talked about here */
typedef void (*callback)(void *context);
static const char *const text = "system(1) goto";
