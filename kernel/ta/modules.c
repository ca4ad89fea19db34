/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ta/modules.h"

#include "kernel/ta/internal.h"

TEE_Result modules_load(struct ta_instance *instance)
{
	struct modules *m = &instance->modules;
	TEE_Result res = loader_fetch(&instance->uuid, &m->main);

	if (res)
		return res;
	instance->flags = m->main->elf.head.flags;
	return elf_load(&m->main->file, &m->main->elf, &instance->as, &m->elf);
}

bool modules_place(const struct ta_instance *instance, unsigned index, struct module_place *place)
{
	const struct modules *m = &instance->modules;

	if (index > 0 || !m->main)
		return false;
	*place = (struct module_place){.uuid = instance->uuid,
				       .load_address = m->elf.load_address,
				       .size = m->main->elf.span};
	return true;
}

void modules_drop(struct ta_instance *instance)
{
	struct modules *m = &instance->modules;

	if (m->main)
		image_put(instance->guest, m->main);
	m->main = NULL;
}
