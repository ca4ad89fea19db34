/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The highest version that a guest has seen of each app and of each subkey: what is older is not
 * run again (trusted-app ABI §1.6, §1.3 rule 6).
 *
 * Owner: the guest, which is charged for it. In memory only, until there is storage: a table lives
 * as long as its guest. Version 0 takes no room. Context: monitor held.
 */
#ifndef TA_VERSIONS_H
#define TA_VERSIONS_H

#include "abi/result.h"
#include "abi/ta.h"
#include "kernel/guest/guest.h"

/* Entries of one guest: bounds every look-up. */
#define VERSIONS_MAX 256

struct version_claim {
	struct uuid uuid;
	uint32_t version;
	bool is_subkey; /* a table of their own: an identity subkey has its app's UUID */
};

/*
 * Takes note of what a file that has been verified says of itself. ACCESS_CONFLICT: one of the
 * claims is older than what the guest has seen, or than another claim of the same file (TA-018);
 * OUT_OF_MEMORY; TARGET_DEAD. Nothing changed unless SUCCESS (TA-017). Polls.
 */
TEE_Result must_check versions_admit(struct guest *guest, const struct version_claim *claims,
				     unsigned count);

/* Forgets up to a batch of entries; true if there may be more. For the end of the guest. */
bool versions_forget(struct guest *guest);

/* After guest_init(). */
void versions_init(void);

#endif
