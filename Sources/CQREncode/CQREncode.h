// libqrencode, for the invoice that a person scans off the terminal.
#ifndef LEASEHOLD_CQRENCODE_H
#define LEASEHOLD_CQRENCODE_H

#include <qrencode.h>

#endif
