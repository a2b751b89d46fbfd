/* SPDX-License-Identifier: GPL-2.0 */
/* <linux/nsfs.h>, and what older ones lack of it: the tests look for it at run time. */
#ifndef BULKHEAD_NSFS_H
#define BULKHEAD_NSFS_H

#include <linux/nsfs.h>
#include <linux/types.h>

/* Linux 6.18 */
#ifndef NS_GET_ID
#define NS_GET_ID	_IOR(NSIO, 13, __u64)
#endif

#ifndef NSFS_FILE_HANDLE_SIZE_VER0
#define NSFS_FILE_HANDLE_SIZE_VER0	16
struct nsfs_file_handle {
	__u64 ns_id;
	__u32 ns_type;
	__u32 ns_inum;
};
#endif

/* Linux 6.19 */
#ifndef NS_ID_REQ_SIZE_VER0
#define NS_ID_REQ_SIZE_VER0	32
struct ns_id_req {
	__u32 size;
	__u32 spare;
	__u64 ns_id;
	struct {
		__u32 ns_type;
		__u32 spare2;
		__u64 user_ns_id;
	};
};
#endif

#ifndef LISTNS_CURRENT_USER
#define LISTNS_CURRENT_USER	0xffffffffffffffff
#endif

#endif /* BULKHEAD_NSFS_H */
