int compares_secrets(const unsigned char *pin_a, const unsigned char *pin_b)
{
    return memcmp(pin_a, pin_b, 6);
}
