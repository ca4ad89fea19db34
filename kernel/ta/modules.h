/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files that an instance consists of: its own and the libraries it needs, each a verified image
 * of its own, mapped and relocated together (trusted-app ABI §2.2 .. §2.7).
 *
 * Owner: the instance; each module holds a reference to its image. Modules stay until the instance
 * goes. Context of all functions: monitor held, inside a call; the instance is taken or not yet to
 * be entered. They poll and send RPCs.
 */
#ifndef TA_MODULES_H
#define TA_MODULES_H

#include "kernel/ta/elf.h"
#include "kernel/ta/image.h"
#include "kernel/ta/uaspace.h"

struct ta_instance;

/* Owner: the instance, on the guest's heap. */
struct module {
	struct elf_module elf;
	struct image *image; /* a reference */
};

/* What is asked again and again about the app itself. */
struct modules_entry {
	uint64_t load_address;
	uint64_t entry;     /* absolute */
	uint64_t stack_top; /* 16-byte aligned; nothing above it */
};

struct modules {
	struct elf_modules all; /* of struct module */
	struct modules_entry elf;
};

/* No modules yet: modules_drop() may follow. */
void modules_init(struct ta_instance *instance);

/*
 * Fetches, verifies, maps and relocates the app and what it needs, breadth first, into
 * instance->as, which is empty, and gives the flags of its ta_head to instance->flags (TA-031,
 * TA-032). Whatever verification and decoding answer; BAD_FORMAT: it is a library, needs an app, or
 * a symbol is missing; ITEM_NOT_FOUND: a library is; OUT_OF_MEMORY: also more than ELF_MODULES_MAX
 * files. The caller ends the instance then.
 */
TEE_Result must_check modules_load(struct ta_instance *instance);

/*
 * A shared app is only fetched and verified by modules_load(): its image then is loaded into the
 * instance that all guests use, whose owner becomes a user of it. BAD_FORMAT: it needs libraries;
 * OUT_OF_MEMORY; TARGET_DEAD.
 */
struct image *modules_app_image(const struct ta_instance *instance);
TEE_Result must_check modules_load_shared(struct ta_instance *instance, struct image *image);

/*
 * dlopen(): loads one more library with what it needs; one that is there already succeeds, and so
 * does the nil UUID (TA-145). ITEM_NOT_FOUND and whatever modules_load() answers: nothing of it
 * remains visible.
 */
TEE_Result must_check modules_open(struct ta_instance *instance, const struct uuid *uuid);

/* dlsym(): the address of an exported symbol of one module, or of the first that has it for the nil
 * UUID (TA-145). ITEM_NOT_FOUND; TARGET_DEAD. */
TEE_Result must_check modules_find(struct ta_instance *instance, const struct uuid *uuid,
				   const char *name, uint64_t *va);

/*
 * Where module index lies, for whoever reports it: 0 is the app, others follow in load order.
 * False: there is no such module.
 */
struct module_place {
	struct uuid uuid;
	uint64_t load_address;
	uint64_t size; /* bytes, from the first segment's address 0 to the end of the last */
};
bool must_check modules_place(const struct ta_instance *instance, unsigned index,
			      struct module_place *place);

/* Drops the reference to one of the system's images, so that it can give way. False: there is none;
 * the rest is for modules_drop(). Short. After all that was mapped has gone. */
bool modules_let_go(struct ta_instance *instance);

/* Drops the references to the images, after all that was mapped has gone. Polls. */
void modules_drop(struct ta_instance *instance);

/* One of them, for whoever cannot poll; false: there is none. */
bool modules_drop_one(struct ta_instance *instance);

#endif
