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

void modules_drop(struct ta_instance *instance)
{
	struct modules *m = &instance->modules;

	if (m->main)
		image_put(instance->guest, m->main);
	m->main = NULL;
}
