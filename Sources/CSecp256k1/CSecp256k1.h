// libsecp256k1 with its recovery module, as Debian ships it: an invoice is signed so that its key can be recovered.
#ifndef LEASEHOLD_CSECP256K1_H
#define LEASEHOLD_CSECP256K1_H

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#endif
