int jumps(int x)
{
    if (x)
        goto end;
end:
    return x;
}
