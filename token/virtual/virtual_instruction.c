#include "token/virtual/virtual_call.h"

#include "base/memory.h"

#define ANYONE VIRTUAL_ACCESS_ANYONE
#define DEVICE VIRTUAL_ACCESS_DEVICE
#define USER VIRTUAL_ACCESS_USER
#define NONE VIRTUAL_ANSWER_NONE
#define VARIES VIRTUAL_ANSWER_VARIES
#define BY_LE VIRTUAL_ANSWER_LE
#define OF_DEVICE VIRTUAL_SCOPE_DEVICE
#define OF_APP VIRTUAL_SCOPE_APPLICATION
#define OF_APP_P VIRTUAL_SCOPE_APPLICATION_P
#define OF_CON VIRTUAL_SCOPE_CONTAINER
#define P_ZERO VIRTUAL_P_ZERO
#define P_ID VIRTUAL_P_ID
#define P_PIN VIRTUAL_P_PIN
#define P_SLOT VIRTUAL_P_SLOT
#define P_ALG VIRTUAL_P_ALGORITHM

/* Source: GM/T 0017-2012, the table of instruction bytes. */
/* clang-format off */
static const struct virtual_instruction instructions[256] = {
    /* device */
    [0x02] = {"SetLabel", virtual_device_set_label, false, P_ZERO, OF_DEVICE, ANYONE, NONE},
    [0x04] = {"GetDevInfo", virtual_device_get_info, false, P_ZERO, OF_DEVICE, ANYONE, 288},
    [0x10] = {"DevAuth", virtual_device_authenticate, false, P_ALG, OF_DEVICE, ANYONE, NONE},
    [0x12] = {"ChangeDevAuthKey", virtual_device_change_key, true, P_ALG, OF_DEVICE, ANYONE, NONE},
    [0x50] = {"GenRandom", virtual_device_random, false, P_ZERO, OF_DEVICE, ANYONE, BY_LE},
    /* access */
    [0x14] = {"GetPinInfo", virtual_access_pin_info, false, P_PIN, OF_APP, ANYONE, 3},
    [0x16] = {"ChangePin", virtual_access_change_pin, true, P_PIN, OF_APP, ANYONE, NONE},
    [0x18] = {"VerifyPin", virtual_access_verify_pin, false, P_PIN, OF_APP, ANYONE, NONE},
    [0x1A] = {"UnblockPin", virtual_access_unblock_pin, true, P_ZERO, OF_APP, ANYONE, NONE},
    [0x1C] = {"ClearSecureState", virtual_access_clear, false, P_ZERO, OF_APP, ANYONE, NONE},
    /* applications */
    [0x20] = {"CreateApplication", virtual_application_create, false, P_ZERO, OF_DEVICE, DEVICE, NONE},
    [0x22] = {"EnumApplication", virtual_application_enumerate, false, P_ZERO, OF_DEVICE, ANYONE, VARIES},
    [0x24] = {"DeleteApplication", virtual_application_delete, false, P_ZERO, OF_DEVICE, DEVICE, NONE},
    [0x26] = {"OpenApplication", virtual_application_open, false, P_ZERO, OF_DEVICE, ANYONE, 10},
    [0x28] = {"CloseApplication", virtual_application_close, false, P_ZERO, OF_APP, ANYONE, NONE},
    /* files */
    [0x30] = {"CreateFile", virtual_file_create, false, P_ID, OF_APP_P, ANYONE, NONE},
    [0x32] = {"DeleteFile", virtual_file_delete, false, P_ID, OF_APP_P, ANYONE, NONE},
    [0x34] = {"EnumFiles", virtual_file_enumerate, false, P_ID, OF_APP_P, ANYONE, VARIES},
    [0x36] = {"GetFileInfo", virtual_file_info, false, P_ID, OF_APP_P, ANYONE, 12},
    [0x38] = {"ReadFile", virtual_file_read, false, P_ZERO, OF_APP, ANYONE, BY_LE},
    [0x3A] = {"WriteFile", virtual_file_write, false, P_ZERO, OF_APP, ANYONE, NONE},
    /* containers */
    [0x40] = {"CreateContainer", virtual_container_create, false, P_ZERO, OF_APP, USER, 2},
    [0x42] = {"OpenContainer", virtual_container_open, false, P_ZERO, OF_APP, ANYONE, 2},
    [0x44] = {"CloseContainer", virtual_container_close, false, P_ZERO, OF_CON, ANYONE, NONE},
    [0x46] = {"EnumContainer", virtual_container_enumerate, false, P_ZERO, OF_APP, ANYONE, VARIES},
    [0x48] = {"DeleteContainer", virtual_container_delete, false, P_ZERO, OF_APP, USER, NONE},
    [0x4A] = {"GetContainerInfo", virtual_container_info, false, P_ZERO, OF_APP, ANYONE, 11},
    [0x4C] = {"ImportCertificate", virtual_container_import_certificate, false, P_ZERO, OF_CON, USER, NONE},
    [0x4E] = {"ExportCertificate", virtual_container_export_certificate, false, P_SLOT, OF_CON, ANYONE, VARIES},
    /* RSA */
    [0x52] = {"GenExtRSAKey"},
    [0x54] = {"GenerateRSAKeyPair", virtual_key_generate_rsa, false, VIRTUAL_P_ONE, OF_CON, USER, 260},
    [0x56] = {"ImportRSAKeyPair"},
    [0x58] = {"RSASignData", virtual_sign_rsa, false, VIRTUAL_P_TWO, OF_CON, USER, 256},
    [0x5A] = {"RSAExportSessionKey"},
    [0x5C] = {"RSAExportSessionKeyEx"},
    [0x5E] = {"RSAVerify"},
    [0x60] = {"ExtRSAPubKeyOperation"},
    [0x62] = {"ExtRSAPriKeyOperation"},
    /* SM2 */
    [0x70] = {"GenECCKeyPair", virtual_key_generate_ecc, false, P_ZERO, OF_CON, USER, 64},
    [0x72] = {"ImportECCKeyPair", virtual_key_import_ecc, false, P_ZERO, OF_CON, USER, NONE},
    [0x74] = {"ECCSignData", virtual_sign_ecc, false, VIRTUAL_P_ONE_TWO, OF_CON, USER, 68},
    [0x76] = {"ECCVerify", virtual_sign_verify_ecc, false, P_ZERO, OF_DEVICE, ANYONE, NONE},
    [0x78] = {"ECCExportSessionKey"},
    [0x7A] = {"ExtECCEncrypt"},
    [0x7C] = {"ExtECCDecrypt"},
    [0x7E] = {"ExtECCSign"},
    [0x80] = {"ECCExportSessionKeyEx"},
    [0x82] = {"GenerateAgreementDataWithECC"},
    [0x84] = {"GenerateAgreementDataAndKeyWithECC"},
    [0x86] = {"GenerateKeyWithECC"},
    [0x88] = {"ExportPublicKey", virtual_key_export_public, false, P_SLOT, OF_CON, ANYONE, VARIES},
    /* symmetric */
    [0xA0] = {"ImportSessionKey"},
    [0xA2] = {"ImportSymmKey"},
    [0xA4] = {"EncryptInit"}, [0xA6] = {"Encrypt"}, [0xA8] = {"EncryptUpdate"}, [0xAA] = {"EncryptFinal"},
    [0xAC] = {"DecryptInit"}, [0xAE] = {"Decrypt"}, [0xB0] = {"DecryptUpdate"}, [0xB2] = {"DecryptFinal"},
    [0xB4] = {"DigestInit"}, [0xB6] = {"Digest"}, [0xB8] = {"DigestUpdate"}, [0xBA] = {"DigestFinal"},
    [0xBC] = {"MacInit"}, [0xBE] = {"Mac"}, [0xC0] = {"MacUpdate"}, [0xC2] = {"MacFinal"},
    [0xC4] = {"DestroySessionKey"},
};
/* clang-format on */

const struct virtual_instruction *virtual_instruction_find(uint8_t ins)
{
    return instructions[ins].name == NULL ? NULL : &instructions[ins];
}
