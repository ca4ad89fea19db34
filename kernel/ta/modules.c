/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ta/modules.h"

#include "kernel/ta/internal.h"

static struct module *module_of(struct list *node)
{
	return list_entry(node, struct module, elf.link);
}

static struct module *find(const struct modules *m, const struct uuid *uuid)
{
	list_for_each (node, &m->all.list) {
		if (uuid_equal(&module_of(node)->image->uuid, uuid))
			return module_of(node);
	}
	return NULL;
}

static void drop(struct ta_instance *instance, struct module *module)
{
	list_remove(&module->elf.link);
	instance->modules.all.count--;
	image_put(instance->guest, module->image);
	heap_free(&instance->guest->heap, module);
}

static void append(struct ta_instance *instance, struct module *module, struct image *image)
{
	module->image = image;
	module->elf.file = &image->file;
	module->elf.elf = &image->elf;
	list_insert(&instance->modules.all.list, &module->elf.link);
	instance->modules.all.count++;
}

/* Fetches a file and puts it at the end of the list. An app is the first or none: what it keeps in
 * its image is not for other apps to read. */
static TEE_Result add(struct ta_instance *instance, const struct uuid *uuid, bool is_app,
		      struct module **out)
{
	struct modules *m = &instance->modules;
	struct module *module;
	TEE_Result res;

	if (m->all.count == ELF_MODULES_MAX)
		return TEE_ERROR_OUT_OF_MEMORY;
	module = heap_alloc(&instance->guest->heap, sizeof(*module));
	if (!module)
		return TEE_ERROR_OUT_OF_MEMORY;
	res = loader_fetch(uuid, &module->image);
	if (res) {
		heap_free(&instance->guest->heap, module);
		return res;
	}
	append(instance, module, module->image);
	if (module->elf.elf->is_app != is_app) {
		drop(instance, module);
		return TEE_ERROR_BAD_FORMAT;
	}
	*out = module;
	return TEE_SUCCESS;
}

/* Adds what the modules from first on need, and what that needs: breadth first, because the list
 * grows at its end (TA-032). */
static TEE_Result add_needed(struct ta_instance *instance, const struct module *first)
{
	struct modules *m = &instance->modules;

	for (const struct list *node = &first->elf.link; node != &m->all.list; node = node->next) {
		const struct elf *elf = list_entry(node, struct elf_module, link)->elf;

		for (uint32_t i = 0; i < elf->needed_count; i++) {
			struct module *module;
			/* Each file may name as many as there can be, all of them there (I7). */
			TEE_Result res = call_poll();

			if (!res && !find(m, &elf->needed[i]))
				res = add(instance, &elf->needed[i], false, &module);
			if (res)
				return res;
		}
	}
	return TEE_SUCCESS;
}

/* All that first needs, then all of it together. */
static TEE_Result add_and_load(struct ta_instance *instance, struct module *first)
{
	TEE_Result res = add_needed(instance, first);

	return res ? res : elf_load(&instance->as, &instance->modules.all, &first->elf);
}

/* Maps the app and what it needs. */
static TEE_Result load_app(struct ta_instance *instance, struct module *app)
{
	struct modules *m = &instance->modules;
	TEE_Result res = add_and_load(instance, app);

	if (!res)
		res = elf_map_stack(&instance->as, app->elf.elf, &m->elf.stack_top);
	if (res)
		return res;
	instance->flags = app->elf.elf->head.flags;
	m->elf.load_address = app->elf.base;
	m->elf.entry = app->elf.base + app->elf.elf->entry;
	return TEE_SUCCESS;
}

TEE_Result modules_load(struct ta_instance *instance)
{
	struct module *app;
	TEE_Result res = add(instance, &instance->uuid, true, &app);

	if (res)
		return res;
	instance->flags = app->elf.elf->head.flags;
	return instance->flags & TENON_TA_SHARED ? TEE_SUCCESS : load_app(instance, app);
}

struct image *modules_app_image(const struct ta_instance *instance)
{
	return module_of(instance->modules.all.list.next)->image;
}

/* Libraries would have to come from the guest that happens to be the first, for all others. */
TEE_Result modules_load_shared(struct ta_instance *instance, struct image *image)
{
	struct module *app;
	TEE_Result res;

	if (image->elf.needed_count > 0)
		return TEE_ERROR_BAD_FORMAT;
	app = heap_alloc(&instance->guest->heap, sizeof(*app));
	if (!app)
		return TEE_ERROR_OUT_OF_MEMORY;
	res = image_share(instance->guest, image);
	if (res) {
		heap_free(&instance->guest->heap, app);
		return res;
	}
	append(instance, app, image);
	return load_app(instance, app);
}

static bool is_nil(const struct uuid *uuid)
{
	static const struct uuid nil;

	return uuid_equal(uuid, &nil);
}

/* Each is searched for among the guests that use its image (I7). If the guest is dying there is
 * still nothing to do but to go on. */
static void drop_and_breathe(struct ta_instance *instance, struct list *node)
{
	drop(instance, module_of(node));
	(void)!call_poll();
}

TEE_Result modules_open(struct ta_instance *instance, const struct uuid *uuid)
{
	struct modules *m = &instance->modules;
	struct module *module;
	TEE_Result res;

	if (is_nil(uuid) || find(m, uuid))
		return TEE_SUCCESS;
	res = add(instance, uuid, false, &module);
	if (res)
		return res;
	res = add_and_load(instance, module);
	if (!res)
		return TEE_SUCCESS;
	/* It, and what came after it, was not there before. */
	while (module_of(m->all.list.prev) != module)
		drop_and_breathe(instance, m->all.list.prev);
	drop_and_breathe(instance, &module->elf.link);
	return res;
}

TEE_Result modules_find(struct ta_instance *instance, const struct uuid *uuid, const char *name,
			uint64_t *va)
{
	struct modules *m = &instance->modules;
	struct module *only = is_nil(uuid) ? NULL : find(m, uuid);

	if (!only && !is_nil(uuid))
		return TEE_ERROR_ITEM_NOT_FOUND;
	return elf_find(&m->all, only ? &only->elf : NULL, name, va);
}

bool modules_place(const struct ta_instance *instance, unsigned index, struct module_place *place)
{
	const struct modules *m = &instance->modules;

	list_for_each (node, &m->all.list) {
		const struct module *module = module_of(node);
		if (index-- > 0)
			continue;
		*place = (struct module_place){.uuid = module->image->uuid,
					       .load_address = module->elf.base,
					       .size = module->elf.elf->span};
		return module->elf.base != 0;
	}
	return false;
}

void modules_init(struct ta_instance *instance)
{
	list_init(&instance->modules.all.list);
}

bool modules_let_go(struct ta_instance *instance)
{
	list_for_each (node, &instance->modules.all.list) {
		struct module *module = module_of(node);
		if (!module->image->owner) {
			drop(instance, module);
			return true;
		}
	}
	return false;
}

bool modules_drop_one(struct ta_instance *instance)
{
	if (list_empty(&instance->modules.all.list))
		return false;
	drop(instance, module_of(instance->modules.all.list.next));
	return true;
}

void modules_drop(struct ta_instance *instance)
{
	while (modules_drop_one(instance))
		(void)!call_poll();
}
