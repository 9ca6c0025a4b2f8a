// SHA-256 and what is built on it, from libcrypto, inline and without a heap allocation.
//
// The "low level" SHA256_… functions are used on purpose although OpenSSL 3 deprecates them: EVP allocates a
// context for each digest and looks its provider up, which costs ten times the hash of a caveat. They are part of
// libcrypto's ABI and use the processor's SHA instructions.
#ifndef LEASEHOLD_COPENSSL_H
#define LEASEHOLD_COPENSSL_H

#ifndef OPENSSL_SUPPRESS_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#endif

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// SHA-256 of `length` bytes at `bytes` (which may be null when `length` is 0) into 32 bytes at `out`.
static inline void leasehold_sha256(const void *bytes, size_t length, void *out) {
  SHA256_CTX context;
  SHA256_Init(&context);
  if (length) SHA256_Update(&context, bytes, length);
  SHA256_Final((unsigned char *)out, &context);
}

/// An HMAC-SHA256 key with the blocks of its inner and outer padding already hashed (RFC 2104 §4).
typedef struct {
  SHA256_CTX inner;
  SHA256_CTX outer;
} leasehold_hmac_key;

/// Prepares a key of any length, an empty one included.
static inline void leasehold_hmac_key_init(leasehold_hmac_key *key, const void *bytes, size_t length) {
  uint8_t block[64];
  memset(block, 0, sizeof block);
  if (length > sizeof block) {
    leasehold_sha256(bytes, length, block);
  } else if (length) {
    memcpy(block, bytes, length);
  }
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= 0x36;
  SHA256_Init(&key->inner);
  SHA256_Update(&key->inner, block, sizeof block);
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= 0x36 ^ 0x5c;
  SHA256_Init(&key->outer);
  SHA256_Update(&key->outer, block, sizeof block);
  OPENSSL_cleanse(block, sizeof block);
}

/// HMAC-SHA256 of a message made of two parts (either may be empty) under a prepared key, into 32 bytes at `out`.
/// `out` may overlap the parts: they are read before it is written.
static inline void leasehold_hmac(
    const leasehold_hmac_key *key, const void *first, size_t first_length, const void *second, size_t second_length,
    void *out) {
  SHA256_CTX context = key->inner;
  uint8_t digest[32];
  if (first_length) SHA256_Update(&context, first, first_length);
  if (second_length) SHA256_Update(&context, second, second_length);
  SHA256_Final(digest, &context);
  context = key->outer;
  SHA256_Update(&context, digest, sizeof digest);
  SHA256_Final((unsigned char *)out, &context);
}

/// One link of a macaroon's chain: `signature = HMAC(signature, message)`, in place.
static inline void leasehold_hmac_link(uint8_t signature[32], const void *message, size_t length) {
  leasehold_hmac_key key;
  leasehold_hmac_key_init(&key, signature, 32);
  leasehold_hmac(&key, message, length, NULL, 0, signature);
}

/// One link of a macaroon's chain for a caveat of two parts:
/// `signature = HMAC(signature, HMAC(signature, first) || HMAC(signature, second))`, in place.
static inline void leasehold_hmac_link2(
    uint8_t signature[32], const void *first, size_t first_length, const void *second, size_t second_length) {
  leasehold_hmac_key key;
  uint8_t parts[64];
  leasehold_hmac_key_init(&key, signature, 32);
  leasehold_hmac(&key, first, first_length, NULL, 0, parts);
  leasehold_hmac(&key, second, second_length, NULL, 0, parts + 32);
  leasehold_hmac(&key, parts, sizeof parts, NULL, 0, signature);
}

/// Whether two runs of bytes are equal, in a time that depends on their length alone.
static inline int leasehold_equal(const void *a, const void *b, size_t length) {
  return CRYPTO_memcmp(a, b, length) == 0;
}

/// Fills `length` bytes from the cryptographic generator. Returns 1, or 0 when there is no entropy.
static inline int leasehold_random(void *bytes, size_t length) {
  return RAND_bytes((unsigned char *)bytes, (int)length) == 1;
}

/// Overwrites a secret in a way the compiler does not take out.
static inline void leasehold_cleanse(void *bytes, size_t length) { OPENSSL_cleanse(bytes, length); }

#endif
