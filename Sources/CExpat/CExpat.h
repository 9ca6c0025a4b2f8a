// expat, for the XML bodies of WebDAV requests: a parser that thirty years of hostile documents have hardened.
#ifndef LEASEHOLD_CEXPAT_H
#define LEASEHOLD_CEXPAT_H

#include <expat.h>

#endif
