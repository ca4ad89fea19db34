/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters of one entry into an app: memory of the caller mapped for its duration
 * (TA-055 .. TA-059). */
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

/* Pages of somebody else that hold a reference. */
struct lent {
	struct page_source source;
	size_t count;
	uint64_t offset; /* of the first byte in the first page */
	unsigned prot;   /* that whoever lends them has */
};

/* A reference of no bytes has a page too, so that its address is not NULL (TA-055): the last one if
 * it begins at the very end. */
static void lend_shm(const struct ta_memref *ref, struct lent *lent)
{
	uint64_t start = ref->shm->offset + ref->offset;

	*lent = (struct lent){
		.source =
			{
				.page_at = shm_page_at,
				.object = ref->shm,
				.first = min(start >> PAGE_SHIFT,
					     (uint64_t)ref->shm->page_count - 1),
			},
		.count = ref->size ? pages_spanned(start, ref->size) : 1,
		.offset = start & PAGE_MASK,
		.prot = PROT_R | PROT_W | PROT_NS,
	};
}

/* Memory of an app that is private to it does not go to another one (TA-081). */
static TEE_Result lend(const struct ta_memref *ref, struct lent *lent)
{
	if (!ref->as) {
		lend_shm(ref, lent);
		return TEE_SUCCESS;
	}
	lent->count = pages_spanned(ref->offset, ref->size);
	lent->offset = ref->offset & PAGE_MASK;
	return uaspace_lend(ref->as, uaddr(ref->offset), ref->size, &lent->source, &lent->prot);
}

/* Maps the pages of one reference; *va is where its first byte is. Each reference has a view of its
 * own, so that one page can be an input here and an output there (TA-058). */
static TEE_Result map_memref(struct uaspace *as, const struct ta_memref *ref, unsigned prot,
			     uint64_t *va, struct uaspace_region **region)
{
	struct lent lent;
	uint64_t base;
	TEE_Result res = lend(ref, &lent);

	if (res)
		return res;
	if (prot & ~lent.prot)
		return TEE_ERROR_ACCESS_DENIED;
	res = uaspace_find_room(as, lent.count, &base);
	if (res)
		return res;
	res = uaspace_add_source(as, base, lent.count, prot | (lent.prot & PROT_NS), UASPACE_PARAM,
				 &lent.source, region);
	if (res == TEE_SUCCESS)
		*va = base + lent.offset;
	return res;
}

/* Has a place in the app. NULL references have not (TA-056), nor have those of no bytes from
 * another app (TA-085). */
static bool has_place(const struct ta_memref *ref)
{
	return ref->shm || (ref->as && ref->size > 0);
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
	if (!is_memref(param->type) || !has_place(&param->u.memref))
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
		if (!res && up->region[n])
			res = call_poll(); /* it was a search among many (I7) */
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
