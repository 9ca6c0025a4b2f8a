// libsodium, for two things: the secretbox in which a third-party caveat carries its key and in which secrets of renters
// lie in the database, and the ChaCha20 of NIP-44.
#ifndef LEASEHOLD_CSODIUM_H
#define LEASEHOLD_CSODIUM_H

#include <sodium/core.h>
#include <sodium/crypto_secretbox.h>
#include <sodium/crypto_stream_chacha20.h>

/// Lets libsodium choose its implementations. Returns 1, or 0 when it cannot be used. Any number of times, from any
/// thread.
static inline int leasehold_sodium_start(void) { return sodium_init() >= 0; }

/// Seals 32 bytes at `secret` into 48 at `box`, under a key of 32 bytes and a nonce of 24.
static inline void leasehold_secretbox_seal(void *box, const void *secret, const void *nonce, const void *key) {
  // Fails for messages too long for the cipher alone.
  (void)crypto_secretbox_easy(
      (unsigned char *)box, (const unsigned char *)secret, 32, (const unsigned char *)nonce,
      (const unsigned char *)key);
}

/// Opens 48 bytes at `box` into 32 at `secret`. Returns 1, or 0, with nothing written, when they were not sealed so.
static inline int leasehold_secretbox_open(void *secret, const void *box, const void *nonce, const void *key) {
  return crypto_secretbox_open_easy(
             (unsigned char *)secret, (const unsigned char *)box, 48, (const unsigned char *)nonce,
             (const unsigned char *)key) == 0;
}

/// Seals `length` bytes at `plain` into 16 more at `box`, under a key of 32 bytes and a nonce of 24.
static inline void leasehold_box_seal(void *box, const void *plain, size_t length, const void *nonce, const void *key) {
  // Fails for messages too long for the cipher alone.
  (void)crypto_secretbox_easy(
      (unsigned char *)box, (const unsigned char *)plain, length, (const unsigned char *)nonce,
      (const unsigned char *)key);
}

/// Opens `length` bytes at `box` into 16 fewer at `plain`. Returns 1, or 0, with nothing written, when they were not
/// sealed so.
static inline int leasehold_box_open(void *plain, const void *box, size_t length, const void *nonce, const void *key) {
  return crypto_secretbox_open_easy(
             (unsigned char *)plain, (const unsigned char *)box, length, (const unsigned char *)nonce,
             (const unsigned char *)key) == 0;
}

/// ChaCha20 (RFC 8439, counter from 0) of `length` bytes, in place, under a key of 32 bytes and a nonce of 12.
static inline void leasehold_chacha20(void *bytes, size_t length, const void *nonce, const void *key) {
  (void)crypto_stream_chacha20_ietf_xor(
      (unsigned char *)bytes, (const unsigned char *)bytes, length, (const unsigned char *)nonce,
      (const unsigned char *)key);
}

#endif
