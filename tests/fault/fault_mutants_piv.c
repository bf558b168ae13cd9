/* What a driver for PIV tokens can do wrong. */
#include <string.h>

#include "tests/fault/fault_mutants.h"
#include "token/piv/piv_access.h"
#include "token/piv/piv_history.h"
#include "token/piv/piv_key.h"
#include "token/piv/piv_place.h"

enum err_code __real_piv_place_claim(struct piv *piv, size_t *out, struct err *err);
enum err_code __wrap_piv_place_claim(struct piv *piv, size_t *out, struct err *err);

enum err_code __wrap_piv_place_claim(struct piv *piv, size_t *out, struct err *err)
{
    enum err_code code = __real_piv_place_claim(piv, out, err);
    if (code == ERR_NONE && fault_mutant_does(FAULT_PIV_OVER_THE_ONE_IN_USE))
        *out = PIV_SIGNATURE;
    return code;
}

enum err_code __real_piv_key_move(struct piv *piv, size_t from, size_t to, struct err *err);
enum err_code __wrap_piv_key_move(struct piv *piv, size_t from, size_t to, struct err *err);

enum err_code __wrap_piv_key_move(struct piv *piv, size_t from, size_t to, struct err *err)
{
    if (fault_mutant_does(FAULT_PIV_OLD_KEY_DELETED) && from == PIV_SIGNATURE)
        return piv_key_delete(piv, from, err);
    return __real_piv_key_move(piv, from, to, err);
}

enum err_code __real_piv_history_write(struct piv *piv, size_t count, struct err *err);
enum err_code __wrap_piv_history_write(struct piv *piv, size_t count, struct err *err);

enum err_code __wrap_piv_history_write(struct piv *piv, size_t count, struct err *err)
{
    return fault_mutant_does(FAULT_PIV_HISTORY_LEFT) ? ERR_NONE
                                                     : __real_piv_history_write(piv, count, err);
}

enum err_code __real_piv_access_unblock(struct piv *piv, struct span blob, struct err *err);
enum err_code __wrap_piv_access_unblock(struct piv *piv, struct span blob, struct err *err);

enum err_code __wrap_piv_access_unblock(struct piv *piv, struct span blob, struct err *err)
{
    uint8_t other[PIV_UNBLOCK_BYTES];
    if (!fault_mutant_does(FAULT_PIV_PUK_KEPT) || blob.len != sizeof other)
        return __real_piv_access_unblock(piv, blob, err);
    memcpy(other, blob.at, sizeof other);
    memcpy(other + PIV_PIN_BYTES, blob.at, PIV_PIN_BYTES);
    return __real_piv_access_unblock(piv, SPAN_ARRAY(other), err);
}
