#include "certs/cert.h"
#include "base/err.h"
#include <openssl/x509.h>
#include <string.h>
