/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/syscall/object.h"

#define FREE_BATCH 16

static struct object *find(const struct ta_instance *instance, uint64_t handle)
{
	list_for_each (node, &instance->objects) {
		struct object *object = list_entry(node, struct object, link);
		if (object->handle == handle)
			return object;
	}
	return NULL;
}

static bool is_full(const struct ta_instance *instance)
{
	unsigned count = 0;

	list_for_each (node, &instance->objects)
		count++;
	return count >= OBJECTS_MAX;
}

/* Numbers go round the 32 bits; 0 is none. */
static uint32_t after(uint32_t handle)
{
	return handle + 1 + (handle == UINT32_MAX);
}

/*
 * Those in use are passed over. The list is in the order in which they come: they are its first
 * ones, and then its last ones. To be inserted at the end.
 */
static uint32_t unused_handle(struct ta_instance *instance)
{
	struct list *node = instance->objects.next;
	uint32_t handle = after(instance->next_object);

	while (node != &instance->objects &&
	       list_entry(node, struct object, link)->handle == handle) {
		handle = after(handle);
		node = node->next;
	}
	list_rotate(&instance->objects, node);
	instance->next_object = handle;
	return handle;
}

struct object *object_new(struct ta_instance *instance, enum object_kind kind, size_t size)
{
	if (is_full(instance))
		return NULL;
	struct object *object = heap_alloc(&instance->guest->heap, size);
	if (!object)
		return NULL;
	object->kind = kind;
	object->handle = unused_handle(instance);
	list_insert(&instance->objects, &object->link);
	return object;
}

struct object *object_find(const struct ta_instance *instance, enum object_kind kind,
			   uint64_t handle)
{
	struct object *object = find(instance, handle);

	return object && object->kind == kind ? object : NULL;
}

void object_free(struct ta_instance *instance, struct object *object)
{
	list_remove(&object->link);
	heap_free(&instance->guest->heap, object);
}

bool object_free_some(struct ta_instance *instance)
{
	for (unsigned i = 0; i < FREE_BATCH && !list_empty(&instance->objects); i++)
		object_free(instance, list_entry(instance->objects.next, struct object, link));
	return !list_empty(&instance->objects);
}
