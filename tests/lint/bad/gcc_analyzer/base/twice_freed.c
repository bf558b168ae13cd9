#include <stdlib.h>

void twice_freed(char *text);
void twice_freed(char *text)
{
    free(text);
    free(text);
}
