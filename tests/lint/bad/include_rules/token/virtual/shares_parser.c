#include "token/tlv.h"
