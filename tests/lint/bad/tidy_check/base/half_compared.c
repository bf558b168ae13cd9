#include <string.h>

_Bool half_compared(const char *text);
_Bool half_compared(const char *text)
{
    return strcmp(text, "yes") == 1;
}
