/* TODO: the rest */
