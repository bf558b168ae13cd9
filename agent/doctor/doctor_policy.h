/* Policies of browsers that decide whether a platform's page may reach this computer. */
#pragma once

#include <stdbool.h>

/* Whether an entry of such a policy's list ("*", "https://host:port", "[*.]example.com", "host") covers an
 * origin. Source: chromeenterprise.google, URL patterns of content settings. */
bool doctor_policy_covers(const char *pattern, const char *origin);
