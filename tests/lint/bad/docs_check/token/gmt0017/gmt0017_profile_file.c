static const struct key keys[] = {
    {"name", AT(name), AS_TEXT},
    {"colour", AT(colour), AS_TEXT},
};
