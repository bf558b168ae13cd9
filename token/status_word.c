#include "token/status_word.h"

#include "token/apdu.h"

#define ANY 0 /* no command has the instruction 00 */

struct row {
    uint16_t status;
    uint16_t mask;
    uint8_t ins; /* ANY, or the one command after which the row holds */
    enum err_code code;
    const char *meaning;
};

#define EXACT 0xFFFF
#define FAMILY 0xFF00

/* The first row that fits holds: rows of one command stand before the general one. */
static const struct row rows[] = {
    {0x6400, FAMILY, ANY, ERR_TOKEN_MEMORY, "its memory was not changed"},
    {0x6500, FAMILY, ANY, ERR_TOKEN_MEMORY, "its memory failed"},
    {0x6700, EXACT, ANY, ERR_TOKEN_STATUS, "wrong length"},
    {0x6881, EXACT, ANY, ERR_TOKEN_NOT_SUPPORTED, "no logical channels"},
    {0x6882, EXACT, ANY, ERR_TOKEN_NOT_SUPPORTED, "no secure messaging"},
    {0x6915, EXACT, ANY, ERR_TOKEN_KEYGEN, "the key pair was not made"},
    {0x6981, EXACT, ANY, ERR_TOKEN_STATUS, "wrong kind of file"},
    {0x6982, EXACT, ANY, ERR_TOKEN_LOGIN_LOST, "not logged in"},
    {0x6983, EXACT, ANY, ERR_PIN_LOCKED, "the PIN is locked"},
    {0x6984, EXACT, ANY, ERR_TOKEN_RESET, "the challenge is no longer there"},
    {0x6985, EXACT, ANY, ERR_TOKEN_STATUS, "conditions of use not met"},
    {0x6986, EXACT, ANY, ERR_TOKEN_STATUS, "the command is not allowed"},
    {0x6988, EXACT, ANY, ERR_TOKEN_MAC, "wrong authentication code"},
    {0x698A, EXACT, ANY, ERR_TOKEN_RESET, "the application is no longer open"},
    {0x6A80, EXACT, 0x16, ERR_TOKEN_CRYPTO, "the new PIN could not be deciphered"},
    {0x6A80, EXACT, 0x1A, ERR_TOKEN_CRYPTO, "the new PIN could not be deciphered"},
    {0x6A80, EXACT, 0x72, ERR_TOKEN_CRYPTO, "the enveloped key was refused"},
    {0x6A80, EXACT, ANY, ERR_TOKEN_STATUS, "wrong data"},
    {0x6A81, EXACT, ANY, ERR_TOKEN_NOT_SUPPORTED, "function not supported"},
    {0x6A82, EXACT, 0x42, ERR_TOKEN_NO_CONTAINER, "no such container"},
    {0x6A82, EXACT, 0x48, ERR_TOKEN_NO_CONTAINER, "no such container"},
    {0x6A82, EXACT, 0x4A, ERR_TOKEN_NO_CONTAINER, "no such container"},
    {0x6A82, EXACT, 0x4E, ERR_TOKEN_NO_CERTIFICATE, "no such certificate"},
    {0x6A82, EXACT, ANY, ERR_TOKEN_NO_FILE, "no such file"},
    {0x6A83, EXACT, ANY, ERR_TOKEN_NO_FILE, "no such record"},
    {0x6A84, EXACT, ANY, ERR_TOKEN_NO_SPACE, "no space"},
    {0x6A85, EXACT, ANY, ERR_TOKEN_STATUS, "Lc does not fit the data"},
    {0x6A86, EXACT, ANY, ERR_TOKEN_STATUS, "wrong P1 or P2"},
    {0x6A87, EXACT, ANY, ERR_TOKEN_STATUS, "Lc does not fit P1 and P2"},
    {0x6A88, EXACT, 0x32, ERR_TOKEN_NO_FILE, "no such file"},
    {0x6A88, EXACT, 0x36, ERR_TOKEN_NO_FILE, "no such file"},
    {0x6A88, EXACT, 0x38, ERR_TOKEN_NO_FILE, "no such file"},
    {0x6A88, EXACT, 0x3A, ERR_TOKEN_NO_FILE, "no such file"},
    {0x6A88, EXACT, 0x42, ERR_TOKEN_NO_CONTAINER, "no such container"},
    {0x6A88, EXACT, 0x48, ERR_TOKEN_NO_CONTAINER, "no such container"},
    {0x6A88, EXACT, 0x4A, ERR_TOKEN_NO_CONTAINER, "no such container"},
    {0x6A88, EXACT, 0x4E, ERR_TOKEN_NO_CERTIFICATE, "no such certificate"},
    {0x6A88, EXACT, 0x58, ERR_TOKEN_NO_KEY, "no such key pair"},
    {0x6A88, EXACT, 0x74, ERR_TOKEN_NO_KEY, "no such key pair"},
    {0x6A88, EXACT, 0x88, ERR_TOKEN_NO_KEY, "no such key pair"},
    {0x6A88, EXACT, ANY, ERR_TOKEN_NO_APPLICATION, "no such application"},
    {0x6A89, EXACT, ANY, ERR_TOKEN_EXISTS, "the application exists"},
    {0x6A8A, EXACT, ANY, ERR_READER_BUSY, "the application is open already"},
    {0x6A8B, EXACT, 0x42, ERR_TOKEN_NO_CONTAINER, "no such container"},
    {0x6A8B, EXACT, 0x48, ERR_TOKEN_NO_CONTAINER, "no such container"},
    {0x6A8B, EXACT, 0x4A, ERR_TOKEN_NO_CONTAINER, "no such container"},
    {0x6A8B, EXACT, ANY, ERR_TOKEN_NO_APPLICATION, "no application of this name"},
    {0x6A8C, EXACT, ANY, ERR_TOKEN_NO_KEY, "no such symmetric key"},
    {0x6A8D, EXACT, ANY, ERR_TOKEN_STATUS, "wrong data"},
    {0x6A90, EXACT, ANY, ERR_TOKEN_NOT_SUPPORTED, "no second application"},
    {0x6A91, EXACT, ANY, ERR_TOKEN_NO_CONTAINER, "no container of this name"},
    {0x6A92, EXACT, ANY, ERR_TOKEN_EXISTS, "the file exists"},
    {0x6A93, EXACT, ANY, ERR_TOKEN_NO_FILE, "no such file"},
    {0x6A94, EXACT, ANY, ERR_TOKEN_NO_CONTAINER, "no open container of this number"},
    {0x6A95, EXACT, ANY, ERR_TOKEN_NO_KEY, "no such key pair"},
    {0x6A96, EXACT, ANY, ERR_TOKEN_NO_CERTIFICATE, "no such certificate"},
    {0x6A97, EXACT, ANY, ERR_TOKEN_MEMORY, "the data were not written"},
    {0x6A98, EXACT, ANY, ERR_TOKEN_CRYPTO, "public-key operation failed"},
    {0x6A99, EXACT, ANY, ERR_TOKEN_NOT_SUPPORTED, "unknown session-key algorithm"},
    {0x6A9A, EXACT, ANY, ERR_TOKEN_CRYPTO, "asymmetric encryption failed"},
    {0x6A9B, EXACT, ANY, ERR_TOKEN_CRYPTO, "asymmetric decryption failed"},
    {0x6A9C, EXACT, ANY, ERR_TOKEN_CRYPTO, "the signature failed"},
    {0x6A9D, EXACT, ANY, ERR_TOKEN_NOT_SUPPORTED, "unknown hash algorithm"},
    {0x6A9E, EXACT, ANY, ERR_TOKEN_ANSWER, "more data where none were due"},
    {0x6A9F, EXACT, ANY, ERR_TOKEN_NO_KEY, "no such key"},
    {0x6B00, EXACT, ANY, ERR_TOKEN_STATUS, "wrong P1 or P2, or beyond the end of the file"},
    {0x6B01, EXACT, ANY, ERR_TOKEN_CRYPTO, "key agreement failed"},
    {0x6B02, EXACT, ANY, ERR_TOKEN_CRYPTO, "key agreement failed"},
    {0x6C00, FAMILY, ANY, ERR_TOKEN_STATUS, "wrong Le"},
    {0x6D00, EXACT, ANY, ERR_TOKEN_NOT_SUPPORTED, "unknown instruction"},
    {0x6E00, EXACT, ANY, ERR_TOKEN_NOT_SUPPORTED, "unknown class"},
    {0x6E01, EXACT, ANY, ERR_TOKEN_STATUS, "the result is larger than its buffer"},
    {0x6E02, EXACT, ANY, ERR_TOKEN_EXISTS, "the container exists"},
    {0x6F00, EXACT, ANY, ERR_TOKEN_STATUS, "failed, the key does not say why"},
};

static const struct row *find(uint16_t status, uint8_t ins)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if ((status & rows[i].mask) == rows[i].status && (rows[i].ins == ANY || rows[i].ins == ins))
            return &rows[i];
    return NULL;
}

static enum err_code pin_missed(uint16_t status, const char *doing, struct err *err)
{
    int left = status & 0xF;
    err_set_foreign(err, left > 0 ? ERR_PIN_WRONG : ERR_PIN_LOCKED, status,
                    "%s: status %04X: wrong PIN, tries left: %d", doing, status, left);
    err->tries_left = left;
    return err->code;
}

enum err_code status_word_check(uint16_t status, uint8_t ins, const char *doing, struct err *err)
{
    if (status == APDU_STATUS_OK)
        return ERR_NONE;
    if ((status & 0xFFF0) == 0x63C0)
        return pin_missed(status, doing, err);
    const struct row *row = find(status, ins);
    if (row == NULL)
        return err_set_foreign(err, ERR_TOKEN_STATUS, status, "%s: unknown status %04X", doing,
                               status);
    err_set_foreign(err, row->code, status, "%s: status %04X: %s", doing, status, row->meaning);
    if (row->code == ERR_PIN_LOCKED)
        err->tries_left = 0;
    return err->code;
}

int status_word_wanted_le(uint16_t status)
{
    return (status & FAMILY) == 0x6C00 && (status & 0xFF) != 0 ? status & 0xFF : -1;
}
