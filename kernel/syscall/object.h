/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What system calls make for an app and name by a handle.
 *
 * Owner: the instance; charged to its guest's heap. Born by the app's asking, gone by its asking or
 * with the instance (its panic, its end, its guest's death). A handle is a non-zero number of this
 * instance alone; it is not given again before all others have been, so an old one finds nothing.
 */
#ifndef SYSCALL_OBJECT_H
#define SYSCALL_OBJECT_H

#include "kernel/ta/ta.h"

/* Of one instance at a time: keeps looking one up short, whatever the app does. */
#define OBJECTS_MAX 128u

enum object_kind {
	OBJECT_DIGEST
};

/* The first field of every object. Objects hold no other memory. */
struct object {
	struct list link; /* instance->objects */
	enum object_kind kind;
	uint32_t handle;
};

/* size bytes, zeroed but for this header, with a handle. NULL: no memory, or too many already. */
struct object *must_check object_new(struct ta_instance *instance, enum object_kind kind,
				     size_t size);

/* NULL: this instance has none of that kind under that handle, which may be any number. */
struct object *object_find(const struct ta_instance *instance, enum object_kind kind,
			   uint64_t handle);

/* Scrubs and frees. */
void object_free(struct ta_instance *instance, struct object *object);

/* Some of all of them (ta_release). True: there are more. */
bool object_free_some(struct ta_instance *instance);

#endif
