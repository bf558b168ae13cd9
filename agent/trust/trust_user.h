/* Whose browsers are meant, and where these look: facts about browsers as tables. */
#pragma once

#include "agent/trust/trust_certutil.h"

/* The folder of the agent's certificate below its state folder, as agent/web makes it. */
#define TRUST_IDENTITY_FOLDER "identity"
#define TRUST_IDENTITY_CERT "loopback.pem"
/* The same for all users: the machine's policy names it. */
#define TRUST_FIREFOX_NAME "ukeyd.pem"
#define TRUST_FIREFOX_POLICIES "/etc/firefox/policies/policies.json"
/* The agent's two folders. */
enum { TRUST_FOREIGN_STATE, TRUST_FOREIGN_RUNTIME, TRUST_FOREIGN_MAX };
/* The rows of the tables. */
#define TRUST_PLACES_MAX 8
/* Of one user, in all folders. */
#define TRUST_PROFILES_MAX 64

struct trust_user {
    char *home;
    char *data_home; /* XDG_DATA_HOME or below home */
    char *config_home; /* XDG_CONFIG_HOME or below home */
    char *identity; /* folder with TRUST_IDENTITY_CERT */
    const char *firefox_policies; /* TRUST_FIREFOX_POLICIES but in tests */
    struct trust_certutil certutil;
    /* With the NSS that Firefox brings along: it writes trust in a form that older ones don't see, and so
     * don't delete. Source: PKCS#11 3.2, CKO_TRUST; measured with NSS 3.125 and 3.87. */
    struct trust_certutil firefox_certutil;
    /* Folders that the sandboxed agent can write, its state folder and its runtime folder: no database in them is opened, since NSS runs what a
     * database's folder names as its modules. NULL: none. */
    char *foreign[TRUST_FOREIGN_MAX];
};

/* Whether path lies in one of user->foreign, by its real path, or would when it were made. */
bool trust_user_is_foreign(const struct trust_user *user, const char *path);

/* From HOME and the XDG variables. state_folder: the agent's, NULL for the default one. The home must belong
 * to the process's user: ERR_TRUST_HOME; ERR_USAGE when there is none. */
MUST_CHECK enum err_code trust_user_from_environment(const char *state_folder,
                                                     const struct cancel *cancel,
                                                     struct trust_user *out, struct err *err);
void trust_user_done(struct trust_user *user);

enum trust_kind {
    TRUST_CHROMIUM, /* path: the folder of an NSS database, which may not exist yet */
    TRUST_FIREFOX, /* path: the folder in which a policy's relative names are looked up */
};

/* One browser of the user's. */
struct trust_place {
    const char *browser;
    enum trust_kind kind;
    char *path;
};

struct trust_places {
    size_t count;
    struct trust_place at[TRUST_PLACES_MAX];
};

/* Where a certificate must stand for each browser: the database that Chromium will use, and the one of its
 * snap when there is that. Source: measured with Chromium 156 and Firefox ESR 153; snaps by their layout. */
void trust_user_places(const struct trust_user *user, struct trust_places *out);
void trust_places_done(struct trust_places *places);

/* Folders of Firefox profiles, which keep every certificate that a policy has installed. */
struct trust_profiles {
    size_t count;
    char *at[TRUST_PROFILES_MAX];
};

void trust_user_profiles(const struct trust_user *user, struct trust_profiles *out);
void trust_profiles_done(struct trust_profiles *profiles);
