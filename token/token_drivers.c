#include "token/token_driver.h"

#include "token/gmt0017/gmt0017_driver.h"
#include "token/piv/piv_driver.h"

/* A driver that selects an application by its identifier (ISO/IEC 7816-4 SELECT) belongs before one
 * that recognises a card by a command of a proprietary class: the former's question is understood and
 * refused by every card, the latter's could mean something else to a card that is not of its family. */
static const struct token_driver *const drivers[] = {
    &piv_driver, /* asks with SELECT (00 A4) */
    &gmt0017_driver, /* asks with GetDevInfo (80 04) */
};

const struct token_driver *const *token_drivers(size_t *out_count)
{
    *out_count = ARRAY_SIZE(drivers);
    return drivers;
}

const struct token_driver *token_driver_for_atr(const struct token_settings *settings,
                                                struct span atr)
{
    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
        if (drivers[i]->knows_atr != NULL && drivers[i]->knows_atr(settings, atr))
            return drivers[i];
    return NULL;
}

enum err_code token_settings_check(const struct token_settings *settings, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
        if (drivers[i]->check_settings != NULL &&
            drivers[i]->check_settings(settings, err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}
