void copies(char *to, const char *from)
{
    strcpy(to, from);
}
