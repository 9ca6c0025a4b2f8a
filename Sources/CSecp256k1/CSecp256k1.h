// libsecp256k1 with the modules that Debian ships: recovery, because an invoice is signed so that its key can be
// recovered; Schnorr signatures over x-only keys (BIP 340) and shared secrets, because Nostr uses them.
#ifndef LEASEHOLD_CSECP256K1_H
#define LEASEHOLD_CSECP256K1_H

#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_recovery.h>
#include <secp256k1_schnorrsig.h>
#include <string.h>

/// The x coordinate as it is: what NIP-44 derives its keys from, where the library's own choice would hash it.
static inline int leasehold_shared_x(
    unsigned char *out, const unsigned char *x, const unsigned char *y, void *unused) {
  (void)y;
  (void)unused;
  memcpy(out, x, 32);
  return 1;
}

/// The x coordinate of `secret · point` into 32 bytes at `out`. Returns 1, or 0 when the secret is no scalar.
static inline int leasehold_ecdh_x(
    const secp256k1_context *context, unsigned char *out, const secp256k1_pubkey *point, const unsigned char *secret) {
  return secp256k1_ecdh(context, out, point, secret, leasehold_shared_x, NULL);
}

#endif
