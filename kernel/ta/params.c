/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters of one entry into an app: memory of the caller mapped for its duration
 * (TA-055 .. TA-059). */
#include "kernel/call/call.h"
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

static void set_values(struct user_params *up, unsigned n, const struct ta_param *param)
{
	uint64_t *vals = &up->block.vals[2 * n];

	up->block.types |= (uint64_t)param->type << (4 * n);
	if (is_value(param->type) && param->type != TEE_PARAM_VALUE_OUTPUT) {
		vals[0] = param->u.value.a;
		vals[1] = param->u.value.b;
	}
}

static TEE_Result begin_one(struct user_params *up, struct ta_instance *instance, unsigned n,
			    const struct ta_param *param)
{
	uint64_t *vals = &up->block.vals[2 * n];

	set_values(up, n, param);
	if (!is_memref(param->type) || !has_place(&param->u.memref))
		return TEE_SUCCESS;
	vals[1] = param->u.memref.size;
	return map_memref(&instance->as, &param->u.memref,
			  param->type == TEE_PARAM_MEMREF_INPUT ? PROT_R : PROT_R | PROT_W,
			  &vals[0], &up->region[n]);
}

/* --- copies, for shared apps ---------------------------------------------------------------------
 */

/* What a copy begins with: the client's bytes, read once. */
struct copy {
	const struct ta_memref *ref;
	TEE_Result *res; /* of the reads so far */
};

static void fill_copy(const void *object, size_t index, void *page)
{
	const struct copy *copy = object;
	uint64_t at = index * PAGE_SIZE;

	if (*copy->res == TEE_SUCCESS && at < copy->ref->size)
		*copy->res = ta_memref_read(copy->ref, at, page,
					    min(copy->ref->size - at, (uint64_t)PAGE_SIZE));
}

/* Charges the caller beside the instance, so that what it sends is limited by what it may have. */
static TEE_Result charge_copy(struct user_params *up, uint64_t size, size_t *pages)
{
	if (size > TENON_SHARED_COPY_PAGES * PAGE_SIZE)
		return TEE_ERROR_OUT_OF_MEMORY;
	*pages = size ? pages_spanned(0, size) : 1;
	if (up->copied + *pages > TENON_SHARED_COPY_PAGES ||
	    !budget_charge_shared(&call_guest()->budget, *pages))
		return TEE_ERROR_OUT_OF_MEMORY;
	up->copied += *pages;
	return TEE_SUCCESS;
}

static TEE_Result copy_memref(struct user_params *up, struct ta_instance *instance, unsigned n,
			      const struct ta_param *param)
{
	const struct ta_memref *ref = &param->u.memref;
	TEE_Result read = TEE_SUCCESS;
	const struct copy copy = {ref, &read};
	const struct page_filler filler = {fill_copy, &copy};
	bool is_input = param->type != TEE_PARAM_MEMREF_OUTPUT;
	unsigned prot = param->type == TEE_PARAM_MEMREF_INPUT ? PROT_R : PROT_R | PROT_W;
	size_t pages;
	TEE_Result res = charge_copy(up, ref->size, &pages);

	if (!res)
		res = uaspace_find_room(&instance->as, pages, &up->block.vals[2 * n]);
	if (!res)
		res = uaspace_add_own(&instance->as, up->block.vals[2 * n], pages, prot,
				      UASPACE_PARAM, is_input ? &filler : NULL, &up->region[n]);
	return res ? res : read;
}

TEE_Result user_params_copy_in(struct user_params *up, struct ta_instance *instance,
			       const struct ta_params *params)
{
	TEE_Result res = TEE_SUCCESS;

	memset(up, 0, sizeof(*up));
	for (unsigned n = 0; params && n < TA_PARAMS && !res; n++) {
		const struct ta_param *param = &params->p[n];

		set_values(up, n, param);
		if (!is_memref(param->type) || !has_place(&param->u.memref))
			continue;
		up->block.vals[2 * n + 1] = param->u.memref.size;
		res = copy_memref(up, instance, n, param);
	}
	if (res)
		user_params_end(up, instance);
	return res;
}

static TEE_Result copy_out(const struct uaspace_region *region, const struct ta_memref *ref,
			   uint64_t size)
{
	for (uint64_t done = 0; done < size; done += PAGE_SIZE) {
		TEE_Result res = ta_memref_write(ref, done, uaspace_page(region, done / PAGE_SIZE),
						 min(size - done, (uint64_t)PAGE_SIZE));

		if (!res)
			res = call_poll();
		if (res)
			return res;
	}
	return TEE_SUCCESS;
}

/* More than there is room for tells the client what it needs; then nothing was produced. */
TEE_Result user_params_copy_out(const struct user_params *up, const struct ta_params *params)
{
	TEE_Result res = TEE_SUCCESS;

	for (unsigned n = 0; params && n < TA_PARAMS && !res; n++) {
		const struct ta_param *param = &params->p[n];
		uint64_t size = up->block.vals[2 * n + 1];
		bool is_output = param->type == TEE_PARAM_MEMREF_OUTPUT ||
				 param->type == TEE_PARAM_MEMREF_INOUT;

		if (is_output && up->region[n] && size <= param->u.memref.room)
			res = copy_out(up->region[n], &param->u.memref, size);
	}
	return res;
}

void user_params_disown(struct user_params *up)
{
	budget_uncharge_shared(&call_guest()->budget, up->copied);
	up->copied = 0;
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
		if (!up->region[n])
			continue;
		uaspace_remove(&instance->as, up->region[n]);
		up->region[n] = NULL;
		(void)!call_poll(); /* four small ones are as much as a large one (I7) */
	}
	if (up->copied)
		user_params_disown(up);
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
