/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/checkpoint, and what it says about a failure. */
#ifndef BULKHEAD_DEVICE_H
#define BULKHEAD_DEVICE_H

/* Opens the device; ends with a message if there is none. Its number is high. */
int device_open(void);

/* Tells why a request failed: what the device says, or else errno. */
void device_complain(int fd, const char *what);

#endif
