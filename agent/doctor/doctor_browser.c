#include "agent/doctor/doctor_browser.h"

#define PLACES_MAX 6

static const struct {
    const char *browser;
    const char *places[PLACES_MAX];
} browsers[] = {
    {"chromium", {"/usr/bin/chromium", "/usr/bin/chromium-browser"}},
    {"chromium-snap", {"/snap/bin/chromium"}},
    {"chrome", {"/opt/google/chrome", "/usr/bin/google-chrome"}},
    {"edge", {"/opt/microsoft/msedge", "/usr/bin/microsoft-edge"}},
    {"firefox",
     {"/usr/bin/firefox", "/usr/bin/firefox-esr", "/usr/lib/firefox", "/usr/lib/firefox-esr",
      "/opt/firefox"}},
    {"firefox-snap", {"/snap/bin/firefox"}},
    {"firefox-profile",
     {"/usr/bin/firefox", "/usr/bin/firefox-esr", "/usr/lib/firefox", "/usr/lib/firefox-esr",
      "/opt/firefox", "/snap/bin/firefox"}},
};

/* Chrome and Edge look for certificates where Chromium does. */
static const struct {
    const char *browser, *like;
} alike[] = {{"chrome", "chromium"}, {"edge", "chromium"}};

static bool has_any(const struct doctor_world *world, const char *const places[PLACES_MAX])
{
    for (size_t i = 0; i < PLACES_MAX && places[i] != NULL; i++)
        if (doctor_world_has(world, places[i]))
            return true;
    return false;
}

bool doctor_browser_installed(const struct doctor_world *world, const char *browser)
{
    for (size_t i = 0; i < ARRAY_SIZE(browsers); i++)
        if (strcmp(browsers[i].browser, browser) == 0)
            return has_any(world, browsers[i].places);
    return false;
}

bool doctor_browser_any_like(const struct doctor_world *world, const char *browser)
{
    if (doctor_browser_installed(world, browser))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(alike); i++)
        if (strcmp(alike[i].like, browser) == 0 &&
            doctor_browser_installed(world, alike[i].browser))
            return true;
    return false;
}
