int past_the_end(void);
int past_the_end(void)
{
    int values[3] = {1, 2, 3};
    return values[3];
}
