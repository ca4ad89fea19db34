/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters of one entry into an app: guest memory mapped for its duration (TA-055 .. TA-059). */
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/ta/internal.h"

static bool is_value(uint32_t type)
{
	return type >= TEE_PARAM_VALUE_INPUT && type <= TEE_PARAM_VALUE_INOUT;
}

static bool is_memref(uint32_t type)
{
	return type >= TEE_PARAM_MEMREF_INPUT && type <= TEE_PARAM_MEMREF_INOUT;
}

static paddr_t shm_page_at(const void *object, size_t index)
{
	return shm_page(object, index);
}

/*
 * Maps the pages of one reference; *va is where its first byte is. A reference of no bytes has a
 * page too, so that its address is not NULL (TA-055): the last one if it begins at the very end.
 */
static TEE_Result map_memref(struct uaspace *as, const struct ta_memref *ref, unsigned prot,
			     uint64_t *va, struct uaspace_region **region)
{
	uint64_t start = ref->shm->offset + ref->offset;
	struct page_source source = {
		.page_at = shm_page_at,
		.object = ref->shm,
		.first = min(start >> PAGE_SHIFT, (uint64_t)ref->shm->page_count - 1),
	};
	size_t count = ref->size ? pages_spanned(start, ref->size) : 1;
	uint64_t base;
	TEE_Result res = uaspace_find_room(as, count, &base);

	if (res)
		return res;
	res = uaspace_add_source(as, base, count, prot | PROT_NS, UASPACE_PARAM, &source, region);
	if (res == TEE_SUCCESS)
		*va = base + (start & PAGE_MASK);
	return res;
}

static TEE_Result begin_one(struct user_params *up, struct ta_instance *instance, unsigned n,
			    const struct ta_param *param)
{
	uint64_t *vals = &up->block.vals[2 * n];

	up->block.types |= (uint64_t)param->type << (4 * n);
	if (is_value(param->type) && param->type != TEE_PARAM_VALUE_OUTPUT) {
		vals[0] = param->u.value.a;
		vals[1] = param->u.value.b;
	}
	if (!is_memref(param->type) || !param->u.memref.shm)
		return TEE_SUCCESS;
	vals[1] = param->u.memref.size;
	return map_memref(&instance->as, &param->u.memref,
			  param->type == TEE_PARAM_MEMREF_INPUT ? PROT_R : PROT_R | PROT_W,
			  &vals[0], &up->region[n]);
}

TEE_Result user_params_begin(struct user_params *up, struct ta_instance *instance,
			     const struct ta_params *params)
{
	memset(up, 0, sizeof(*up));
	for (unsigned n = 0; params && n < TA_PARAMS; n++) {
		TEE_Result res = begin_one(up, instance, n, &params->p[n]);
		if (res) {
			user_params_end(up, instance);
			return res;
		}
	}
	return TEE_SUCCESS;
}

void user_params_end(struct user_params *up, struct ta_instance *instance)
{
	for (unsigned n = 0; n < TA_PARAMS; n++) {
		if (up->region[n])
			uaspace_remove(&instance->as, up->region[n]);
		up->region[n] = NULL;
	}
}

void user_params_take(const struct utee_params *returned, struct ta_params *params)
{
	for (unsigned n = 0; params && n < TA_PARAMS; n++) {
		struct ta_param *param = &params->p[n];
		const uint64_t *vals = &returned->vals[2 * n];

		switch (param->type) {
		case TEE_PARAM_VALUE_OUTPUT:
		case TEE_PARAM_VALUE_INOUT:
			param->u.value.a = (uint32_t)vals[0];
			param->u.value.b = (uint32_t)vals[1];
			break;
		case TEE_PARAM_MEMREF_OUTPUT:
		case TEE_PARAM_MEMREF_INOUT:
			param->u.memref.size = vals[1];
			break;
		default:
			break;
		}
	}
}
