/* A folder of its own with a self-signed SM2 CA (sm2.pem, sm2.key) and an RSA CA (rsa.pem, rsa.key). */
#pragma once

struct authority {
    char folder[64];
    char sm2_cert[96];
    char sm2_key[96];
    char rsa_cert[96];
    char rsa_key[96];
    char state[96]; /* a free name in the folder */
};

void authority_init(struct authority *authority);
/* Removes the folder and what is known to be in it. */
void authority_done(struct authority *authority);
