/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages in shared memory: what a yielding call and an RPC carry (little-endian). The memory they
 * lie in stays writable by the normal world: copy a message before looking at it (NW-081).
 */
#ifndef ABI_MSG_H
#define ABI_MSG_H

#include <stdint.h>

struct msg_value {
	uint64_t a, b, c;
};

struct msg_rmem {
	uint64_t offs;
	uint64_t size;
	uint64_t shm_ref;
};

struct msg_tmem {
	uint64_t buf_ptr;
	uint64_t size;
	uint64_t shm_ref;
};

struct msg_param {
	uint64_t attr;
	union {
		struct msg_value value;
		struct msg_rmem rmem;
		struct msg_tmem tmem;
		uint8_t octets[24];
	} u;
};
_Static_assert(sizeof(struct msg_param) == 32, "message parameter");

struct msg_header {
	uint32_t cmd;
	uint32_t func;
	uint32_t session;
	uint32_t cancel_id;
	uint32_t pad;
	uint32_t ret;
	uint32_t ret_origin;
	uint32_t num_params;
};
_Static_assert(sizeof(struct msg_header) == 32, "message header");

/* clang-format off */
#define MSG_PAGE_SIZE               4096u
#define MSG_MAX_PARAMS              127u  /* header and parameters fill one page */
#define MSG_RPC_MAX_PARAMS          4u    /* NW-101 */
#define MSG_SIZE(num_params)        (sizeof(struct msg_header) + sizeof(struct msg_param) * (num_params))
#define MSG_RPC_SIZE                MSG_SIZE(MSG_RPC_MAX_PARAMS)
#define MSG_LIST_ENTRIES            511u  /* data pages named by one page-list page; entry 511 is the link */

/* attr[7:0] */
#define MSG_ATTR_NONE               0x0u
#define MSG_ATTR_VALUE_IN           0x1u
#define MSG_ATTR_VALUE_OUT          0x2u
#define MSG_ATTR_VALUE_INOUT        0x3u
#define MSG_ATTR_RMEM_IN            0x5u
#define MSG_ATTR_RMEM_OUT           0x6u
#define MSG_ATTR_RMEM_INOUT         0x7u
#define MSG_ATTR_TMEM_IN            0x9u
#define MSG_ATTR_TMEM_OUT           0xAu
#define MSG_ATTR_TMEM_INOUT         0xBu
#define MSG_ATTR_TYPE_MASK          0xFFull
#define MSG_ATTR_META               (1ull << 8)
#define MSG_ATTR_NONCONTIG          (1ull << 9)
#define MSG_ATTR_CACHE_MASK         (7ull << 16)

#define MSG_ATTR_META_VALUE_IN      0x101ull /* both meta parameters of OPEN_SESSION */
#define MSG_ATTR_SHM_LIST           0x20Aull /* tmem out | NONCONTIG: REGISTER_SHM, answer to SHM_ALLOC */

/* cmd, normal world to TEE */
#define MSG_CMD_OPEN_SESSION        0u
#define MSG_CMD_INVOKE_COMMAND      1u
#define MSG_CMD_CLOSE_SESSION       2u
#define MSG_CMD_CANCEL              3u
#define MSG_CMD_REGISTER_SHM        4u
#define MSG_CMD_UNREGISTER_SHM      5u
#define MSG_CMD_DO_BOTTOM_HALF      6u
#define MSG_CMD_STOP_ASYNC_NOTIF    7u

/* cmd, TEE to normal world (RPC) */
#define RPC_CMD_LOAD_TA             0u
#define RPC_CMD_RPMB                1u
#define RPC_CMD_FS                  2u
#define RPC_CMD_GET_TIME            3u
#define RPC_CMD_NOTIFICATION        4u
#define RPC_CMD_SUSPEND             5u
#define RPC_CMD_SHM_ALLOC           6u
#define RPC_CMD_SHM_FREE            7u
#define RPC_CMD_SOCKET              10u
#define RPC_CMD_SUPP_PLUGIN         12u
#define RPC_CMD_I2C_TRANSFER        21u
#define RPC_CMD_RPMB_PROBE_RESET    22u
#define RPC_CMD_RPMB_PROBE_NEXT     23u
#define RPC_CMD_RPMB_FRAMES         24u

#define RPC_NOTIFICATION_WAIT       0u
#define RPC_NOTIFICATION_SEND       1u

#define RPC_SHM_APPL                0u
#define RPC_SHM_KERNEL              1u

/* Login classes of OPEN_SESSION. */
#define LOGIN_PUBLIC                0u
#define LOGIN_USER                  1u
#define LOGIN_GROUP                 2u
#define LOGIN_APPLICATION           4u
#define LOGIN_APPLICATION_USER      5u
#define LOGIN_APPLICATION_GROUP     6u
#define LOGIN_REE_KERNEL            0x80000000u
#define LOGIN_TRUSTED_APP           0xF0000000u
/* clang-format on */

#endif
