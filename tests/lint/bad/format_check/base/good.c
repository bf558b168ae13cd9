int straight(int x)
{
    return x;
}
