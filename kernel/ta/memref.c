/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of a caller, as services read and write it. */
#include "kernel/lib/assert.h"
#include "kernel/ta/ta.h"

/* No overflow, inside what the caller passed. */
static void check_range(const struct ta_memref *ref, uint64_t offset, size_t size)
{
	assert(offset <= ref->room && size <= ref->room - offset);
}

TEE_Result ta_memref_read(const struct ta_memref *ref, uint64_t offset, void *to, size_t size)
{
	check_range(ref, offset, size);
	if (size == 0)
		return TEE_SUCCESS;
	if (ref->as)
		return user_read(ref->as, to, uaddr(ref->offset + offset), size, USER_ANY_OWNER);
	return shm_read(ref->shm, ref->offset + offset, to, size) ? TEE_SUCCESS
								  : TEE_ERROR_COMMUNICATION;
}

TEE_Result ta_memref_write(const struct ta_memref *ref, uint64_t offset, const void *from,
			   size_t size)
{
	check_range(ref, offset, size);
	if (size == 0)
		return TEE_SUCCESS;
	if (ref->as)
		return user_write(ref->as, uaddr(ref->offset + offset), from, size, USER_ANY_OWNER);
	return shm_write(ref->shm, ref->offset + offset, from, size) ? TEE_SUCCESS
								     : TEE_ERROR_COMMUNICATION;
}
