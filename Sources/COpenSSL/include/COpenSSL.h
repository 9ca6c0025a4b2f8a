// SHA-256 and what is built on it, from libcrypto, inline and without a heap allocation.
//
// The "low level" SHA256_Transform is used on purpose although OpenSSL 3 deprecates it: EVP allocates a context for each
// digest and looks its provider up, which costs ten times the hash of a caveat, and SHA256_Update and SHA256_Final
// buffer and cleanse so much that for messages of a block or two they cost as much again as the hashing. It is part of
// libcrypto's ABI and uses the processor's SHA instructions. What is left to do is padding.
#ifndef LEASEHOLD_COPENSSL_H
#define LEASEHOLD_COPENSSL_H

#ifndef OPENSSL_SUPPRESS_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#endif

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// The eight words between two blocks.
typedef struct {
  uint32_t words[8];
} leasehold_sha256_state;

/// FIPS 180-4 §5.3.3.
static const leasehold_sha256_state leasehold_sha256_start = {
    {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};

/// One block of 64 bytes.
static inline void leasehold_sha256_block(leasehold_sha256_state *state, const void *block) {
  // Of a context SHA256_Transform looks at the words alone.
  SHA256_CTX context;
  memcpy(context.h, state->words, sizeof state->words);
  SHA256_Transform(&context, (const unsigned char *)block);
  memcpy(state->words, context.h, sizeof state->words);
}

/// Copies fewer than 64 bytes: in most messages too few to be worth a call.
static inline void leasehold_copy_short(uint8_t *to, const uint8_t *from, size_t length) {
  if (length >= 16) {
    for (size_t i = 0; i + 16 <= length; i += 16) memcpy(to + i, from + i, 16);
    memcpy(to + length - 16, from + length - 16, 16);
  } else if (length >= 8) {
    memcpy(to, from, 8);
    memcpy(to + length - 8, from + length - 8, 8);
  } else {
    for (size_t i = 0; i < length; i++) to[i] = from[i];
  }
}

/// The last `length` bytes of a message of `total`, and the end of it: 32 bytes at `out`, which may overlap the bytes.
static inline void leasehold_sha256_finish(
    leasehold_sha256_state *state, const void *bytes, size_t length, uint64_t total, void *out) {
  const uint8_t *rest = (const uint8_t *)bytes;
  uint8_t block[64];
  for (; length >= sizeof block; length -= sizeof block, rest += sizeof block) leasehold_sha256_block(state, rest);
  memset(block, 0, sizeof block);
  leasehold_copy_short(block, rest, length);
  block[length] = 0x80;
  if (length >= 56) {
    leasehold_sha256_block(state, block);
    memset(block, 0, sizeof block);
  }
  uint64_t bits = __builtin_bswap64(total * 8);
  memcpy(block + 56, &bits, sizeof bits);
  leasehold_sha256_block(state, block);
  for (size_t i = 0; i < 8; i++) {
    uint32_t word = __builtin_bswap32(state->words[i]);
    memcpy((uint8_t *)out + 4 * i, &word, sizeof word);
  }
}

/// SHA-256 of `length` bytes at `bytes` (which may be null when `length` is 0) into 32 bytes at `out`.
static inline void leasehold_sha256(const void *bytes, size_t length, void *out) {
  leasehold_sha256_state state = leasehold_sha256_start;
  leasehold_sha256_finish(&state, bytes, length, length, out);
}

/// An HMAC-SHA256 key with the blocks of its inner and outer padding already hashed (RFC 2104 §4).
typedef struct {
  leasehold_sha256_state inner;
  leasehold_sha256_state outer;
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
  key->inner = leasehold_sha256_start;
  leasehold_sha256_block(&key->inner, block);
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= 0x36 ^ 0x5c;
  key->outer = leasehold_sha256_start;
  leasehold_sha256_block(&key->outer, block);
  OPENSSL_cleanse(block, sizeof block);
}

/// HMAC-SHA256 of a message under a prepared key, into 32 bytes at `out`, which may overlap the message.
static inline void leasehold_hmac(const leasehold_hmac_key *key, const void *message, size_t length, void *out) {
  leasehold_sha256_state state = key->inner;
  uint8_t digest[32];
  leasehold_sha256_finish(&state, message, length, 64 + (uint64_t)length, digest);
  state = key->outer;
  leasehold_sha256_finish(&state, digest, sizeof digest, 64 + sizeof digest, out);
}

/// A key of 32 bytes that is no more secret than what it signs, so that nothing of it need be overwritten.
static inline void leasehold_hmac_key_of_signature(leasehold_hmac_key *key, const uint8_t signature[32]) {
  uint8_t inner[64], outer[64];
  memset(inner + 32, 0x36, 32);
  memset(outer + 32, 0x5c, 32);
  for (size_t i = 0; i < 32; i++) {
    inner[i] = signature[i] ^ 0x36;
    outer[i] = signature[i] ^ 0x5c;
  }
  key->inner = leasehold_sha256_start;
  key->outer = leasehold_sha256_start;
  leasehold_sha256_block(&key->inner, inner);
  leasehold_sha256_block(&key->outer, outer);
}

/// One link of a macaroon's chain: `signature = HMAC(signature, message)`, in place.
static inline void leasehold_hmac_link(uint8_t signature[32], const void *message, size_t length) {
  leasehold_hmac_key key;
  leasehold_hmac_key_of_signature(&key, signature);
  leasehold_hmac(&key, message, length, signature);
}

/// One link of a macaroon's chain for a caveat of two parts:
/// `signature = HMAC(signature, HMAC(signature, first) || HMAC(signature, second))`, in place.
static inline void leasehold_hmac_link2(
    uint8_t signature[32], const void *first, size_t first_length, const void *second, size_t second_length) {
  leasehold_hmac_key key;
  uint8_t parts[64];
  leasehold_hmac_key_of_signature(&key, signature);
  leasehold_hmac(&key, first, first_length, parts);
  leasehold_hmac(&key, second, second_length, parts + 32);
  leasehold_hmac(&key, parts, sizeof parts, signature);
}

/// Whether two runs of bytes are equal, in a time that depends on their length alone.
static inline int leasehold_equal(const void *a, const void *b, size_t length) {
  return CRYPTO_memcmp(a, b, length) == 0;
}

/// Fills `length` bytes from the cryptographic generator. Returns 1, or 0 when there is no entropy.
static inline int leasehold_random(void *bytes, size_t length) {
  return RAND_bytes((unsigned char *)bytes, (int)length) == 1;
}

/// A digest by its name (`MD5`, `SHA1`, `SHA256`), of bytes that come in pieces: for files, where a context costs nothing
/// in comparison. NULL when the library has no such digest; the other calls take NULL and do nothing.
EVP_MD_CTX *leasehold_digest_begin(const char *name);
void leasehold_digest_update(EVP_MD_CTX *context, const void *bytes, size_t count);
/// At most 64 bytes at `out`; returns how many, 0 on failure. To be called once.
size_t leasehold_digest_finish(EVP_MD_CTX *context, void *out);
void leasehold_digest_free(EVP_MD_CTX *context);

/// Overwrites a secret in a way the compiler does not take out.
static inline void leasehold_cleanse(void *bytes, size_t length) { OPENSSL_cleanse(bytes, length); }

#endif
