// zlib, for what browsers are given: compressed once, when the daemon starts.
#ifndef LEASEHOLD_CZLIB_H
#define LEASEHOLD_CZLIB_H

#include <string.h>
#include <zlib.h>

/// RFC 1952. Returns how many bytes were written, or 0 where they do not fit or zlib has no memory.
static inline size_t leasehold_gzip(const void *bytes, size_t length, void *out, size_t most) {
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  // 15 bits of window, and 16 more that ask for gzip's header.
  if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
  stream.next_in = (Bytef *)bytes;
  stream.avail_in = (uInt)length;
  stream.next_out = (Bytef *)out;
  stream.avail_out = (uInt)most;
  int ended = deflate(&stream, Z_FINISH);
  size_t written = most - stream.avail_out;
  deflateEnd(&stream);
  return ended == Z_STREAM_END ? written : 0;
}

#endif
