/* A private home with an agent's certificate in it. */
#pragma once

#include <sys/types.h>

#include "agent/trust/trust_user.h"

struct home {
    char *folder;
    struct trust_user user;
    struct bytes *der; /* the agent's certificate */
};

/* For cmocka: the state is the home. */
int home_start(void **state);
int home_stop(void **state);
/* A new certificate for the agent, as when it is renewed. */
void home_renew(struct home *home);
/* Below the home; the caller frees. */
char *home_path(const struct home *home, const char *below);
void home_make_folder(const struct home *home, const char *below);
void home_write(const struct home *home, const char *below, const char *text, mode_t mode);
bool home_has(const struct home *home, const char *below);
/* Makes certutil a shell script of these lines. */
void home_fake_certutil(struct home *home, const char *lines);
/* A database with this password, NULL: none. */
void home_make_database(const struct home *home, const char *below, const char *password);
/* Every file and folder below the home, sorted, a line each, without what lies in left_out; the caller frees. */
char *home_list(const struct home *home, const char *left_out);
/* A certificate of the form that the agent makes. */
struct bytes *make_cert(void);
