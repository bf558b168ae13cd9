/* The administrator PINs of all keys, derived from one master secret and each key's serial: none is
 * stored, and one that became known says nothing about the others. */
#pragma once

#include "portal/portal.h"

/* Every GM/T 0017 key of our profiles takes 16; five bits each make 80 bits. */
#define PORTAL_ADMIN_PIN_CHARACTERS 16

/* Makes folder/secrets/admin-pin.key in the caller's transaction, where there never was one. A portal
 * that lost it must not get a new one: each key's administrator would be tried with a wrong PIN. */
MUST_CHECK enum err_code portal_admin_pin_make(struct portal *portal, struct err *err);
/* Reads it into portal->admin_pin_key; folders of before get theirs now. ERR_FILE_MISSING, and
 * ERR_CONFIG when it isn't the one that was made here. */
MUST_CHECK enum err_code portal_admin_pin_open(struct portal *portal, struct err *err);

/* PORTAL_ADMIN_PIN_CHARACTERS of capitals and digits, none that is mistaken for another:
 * HMAC-SM3(master, "pin-admin/v1" || 0 || serial || 0 || version). ERR_FIELD_VALUE (serial). */
MUST_CHECK enum err_code portal_admin_pin_derive(const struct portal *portal, const char *serial,
                                                 struct secret **out, struct err *err);
/* The same for whoever makes a key, noted in the audit trail. */
MUST_CHECK enum err_code portal_admin_pin_show(struct portal *portal, const char *serial,
                                               struct secret **out, struct err *err);
