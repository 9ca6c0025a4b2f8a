// What is not worth being inline in the header.
#include "COpenSSL.h"

EVP_MD_CTX *leasehold_digest_begin(const char *name) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  const EVP_MD *kind = EVP_get_digestbyname(name);
  if (!context || !kind || EVP_DigestInit_ex(context, kind, NULL) != 1) {
    EVP_MD_CTX_free(context);
    return NULL;
  }
  return context;
}

void leasehold_digest_update(EVP_MD_CTX *context, const void *bytes, size_t count) {
  if (context) EVP_DigestUpdate(context, bytes, count);
}

size_t leasehold_digest_finish(EVP_MD_CTX *context, void *out) {
  unsigned length = 0;
  if (!context || EVP_DigestFinal_ex(context, out, &length) != 1) return 0;
  return length;
}

void leasehold_digest_free(EVP_MD_CTX *context) { EVP_MD_CTX_free(context); }
