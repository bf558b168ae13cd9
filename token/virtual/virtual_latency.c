#include "token/virtual/virtual_latency.h"

/* Reads and everything that is not named below. */
#define LATENCY_OTHER_MS 10

static const uint16_t latencies_ms[256] = {
    [0x10] = 40, /* DevAuth */
    [0x12] = 120, /* ChangeDevAuthKey */
    [0x16] = 120, /* ChangePin */
    [0x18] = 80, /* VerifyPin */
    [0x1A] = 120, /* UnblockPin */
    [0x20] = 300, /* CreateApplication */
    [0x24] = 300, /* DeleteApplication */
    [0x30] = 60, /* CreateFile */
    [0x32] = 60, /* DeleteFile */
    [0x3A] = 40, /* WriteFile */
    [0x40] = 60, /* CreateContainer */
    [0x48] = 80, /* DeleteContainer */
    [0x4C] = 100, /* ImportCertificate */
    [0x4E] = 20, /* ExportCertificate */
    [0x54] = 4000, /* GenerateRSAKeyPair */
    [0x58] = 150, /* RSASignData */
    [0x70] = 200, /* GenECCKeyPair */
    [0x72] = 100, /* ImportECCKeyPair */
    [0x74] = 60, /* ECCSignData */
    [0x76] = 80, /* ECCVerify */
};

uint32_t virtual_latency_ms(uint8_t ins)
{
    return latencies_ms[ins] != 0 ? latencies_ms[ins] : LATENCY_OTHER_MS;
}

static const uint16_t piv_latencies_ms[256] = {
    [0x20] = 40, /* VERIFY */
    [0x24] = 80, /* CHANGE REFERENCE DATA */
    [0x2C] = 80, /* RESET RETRY COUNTER */
    [0x47] = 300, /* GENERATE ASYMMETRIC KEY PAIR, of P-256 */
    [0x87] = 90, /* GENERAL AUTHENTICATE */
    [0xDB] = 60, /* PUT DATA, each block of a chain */
    [0xF6] = 200, /* MOVE KEY */
};

uint32_t virtual_latency_piv_ms(uint8_t ins)
{
    return piv_latencies_ms[ins] != 0 ? piv_latencies_ms[ins] : LATENCY_OTHER_MS;
}
