/* SPDX-License-Identifier: BSD-2-Clause */
/* The contract with trusted apps: the signed file, ta_head, the parameter block and the system
 * calls. */
#ifndef ABI_TA_H
#define ABI_TA_H

#include <stdint.h>

/* A UUID in native form: integers little-endian. In octet form (RFC 4122) they are big-endian. */
struct uuid {
	uint32_t time_low;
	uint16_t time_mid;
	uint16_t time_hi_and_version;
	uint8_t clock_seq_and_node[8];
};
_Static_assert(sizeof(struct uuid) == 16, "native UUID");

/* The signed header at the start of a .ta file, followed by hash and signature. */
struct shdr {
	uint32_t magic;
	uint32_t img_type;
	uint32_t img_size;
	uint32_t algo;
	uint16_t hash_size;
	uint16_t sig_size;
};
_Static_assert(sizeof(struct shdr) == 20, "signed header");

struct shdr_bootstrap {
	uint8_t uuid[16]; /* octets */
	uint32_t ta_version;
};
_Static_assert(sizeof(struct shdr_bootstrap) == 20, "bootstrap header");

/* Behind the bootstrap header of an encrypted image; iv and tag follow. */
struct shdr_encryption {
	uint32_t enc_algo;
	uint32_t flags;
	uint16_t iv_size;
	uint16_t tag_size;
};
_Static_assert(sizeof(struct shdr_encryption) == 12, "encryption header");

/* The body of a subkey: attributes (attr_count) and their bytes follow. */
struct shdr_subkey {
	uint8_t uuid[16]; /* octets */
	uint32_t name_size;
	uint32_t subkey_version;
	uint32_t max_depth;
	uint32_t algo;
	uint32_t attr_count;
};
_Static_assert(sizeof(struct shdr_subkey) == 36, "subkey body");

struct shdr_attribute {
	uint32_t id;
	uint32_t offset; /* from the start of the body */
	uint32_t size;
};
_Static_assert(sizeof(struct shdr_attribute) == 12, "subkey attribute");

struct ta_head {
	struct uuid uuid;
	uint32_t stack_size;
	uint32_t flags;
	uint64_t depr_entry;
};
_Static_assert(sizeof(struct ta_head) == 32, "ta_head");

struct utee_params {
	uint64_t types;
	uint64_t vals[8];
};
_Static_assert(sizeof(struct utee_params) == 72, "utee_params");

struct elf_phdr_info {
	uint32_t reserved;
	uint16_t count;
	uint8_t reserved2;
	char zero;
	uint64_t dlpi;
};
_Static_assert(sizeof(struct elf_phdr_info) == 16, "__elf_phdr_info");

struct dl_phdr_info {
	uint64_t dlpi_addr;
	uint64_t dlpi_name;
	uint64_t dlpi_phdr;
	uint16_t dlpi_phnum;
	uint16_t pad[3];
	uint64_t dlpi_adds;
	uint64_t dlpi_subs;
	uint64_t dlpi_tls_modid;
	uint64_t dlpi_tls_data;
};
_Static_assert(sizeof(struct dl_phdr_info) == 64, "dl_phdr_info");

/* clang-format off */
#define SHDR_MAGIC                  0x4F545348u
#define SHDR_TA                     0u
#define SHDR_BOOTSTRAP_TA           1u
#define SHDR_ENCRYPTED_TA           2u
#define SHDR_SUBKEY                 3u
#define SHDR_ALGO_RSA_PSS_SHA256    0x70414930u
#define SHDR_ALGO_RSA_PKCS1_SHA256  0x70004830u
#define SHDR_ALGO_MAIN(algo)        ((algo) & 0xFF)
#define SHDR_ALGO_MAIN_RSA          0x30u
#define SHDR_ATTR_RSA_MODULUS       0xD0000130u
#define SHDR_ATTR_RSA_EXPONENT      0xD0000230u
#define SHDR_ENC_AES_GCM            0x40000810u
#define SHDR_ENC_CLASS_WIDE         (1u << 0) /* flags: not the machine's own key */
#define SHDR_ENC_IV_SIZE            12u
#define SHDR_ENC_TAG_SIZE           16u
#define SHDR_ENC_KEY_USAGE          4u /* first word of the message the key is derived from */

#define TA_FLAG_SINGLE_INSTANCE     (1u << 2)
#define TA_FLAG_MULTI_SESSION       (1u << 3)
#define TA_FLAG_KEEP_ALIVE          (1u << 4)
#define TA_FLAG_SECURE_DATA_PATH    (1u << 5)
#define TA_FLAG_CACHE_MAINTENANCE   (1u << 7)
#define TA_FLAG_CONCURRENT          (1u << 8)
#define TA_FLAG_DEVICE_ENUM         (1u << 9)
#define TA_FLAG_KEEP_CRASHED        (1u << 13) /* since 4.6 */
#define TA_FLAGS_VALID              0x00003FFFu

#define TA_FUNC_OPEN_SESSION        0u
#define TA_FUNC_CLOSE_SESSION       1u
#define TA_FUNC_INVOKE_COMMAND      2u
#define TA_FUNC_MEMORY_STATS        3u

#define TA_PARAMS                   4u
#define TEE_PARAM_NONE              0u
#define TEE_PARAM_VALUE_INPUT       1u
#define TEE_PARAM_VALUE_OUTPUT      2u
#define TEE_PARAM_VALUE_INOUT       3u
#define TEE_PARAM_MEMREF_INPUT      5u
#define TEE_PARAM_MEMREF_OUTPUT     6u
#define TEE_PARAM_MEMREF_INOUT      7u
#define TEE_PARAM_TYPE(types, n)    (((types) >> (4 * (n))) & 0xF)

/* System calls: number in x8, arguments x0..x7, result in x0. */
#define SYS_RETURN                  0u
#define SYS_LOG                     1u
#define SYS_PANIC                   2u
#define SYS_GET_PROPERTY            3u
#define SYS_GET_PROPERTY_INDEX      4u
#define SYS_OPEN_TA_SESSION         5u
#define SYS_CLOSE_TA_SESSION        6u
#define SYS_INVOKE_TA_COMMAND       7u
#define SYS_CHECK_ACCESS_RIGHTS     8u
#define SYS_GET_CANCELLATION_FLAG   9u
#define SYS_UNMASK_CANCELLATION     10u
#define SYS_MASK_CANCELLATION       11u
#define SYS_WAIT                    12u
#define SYS_GET_TIME                13u
#define SYS_SET_TA_TIME             14u
#define SYS_CRYP_STATE_ALLOC        15u
#define SYS_CRYP_STATE_COPY         16u
#define SYS_CRYP_STATE_FREE         17u
#define SYS_HASH_INIT               18u
#define SYS_HASH_UPDATE             19u
#define SYS_HASH_FINAL              20u
#define SYS_RANDOM                  33u
#define SYS_CACHE_OPERATION         70u
#define SYS_MAX                     70u

/* Algorithms and modes of cryptographic states (trusted-app ABI §4.6.5). */
#define TEE_ALG_SHA1    0x50000002u
#define TEE_ALG_SHA224  0x50000003u
#define TEE_ALG_SHA256  0x50000004u
#define TEE_ALG_SHA384  0x50000005u
#define TEE_ALG_SHA512  0x50000006u
#define TEE_MODE_DIGEST 5u
/* clang-format on */

#endif
