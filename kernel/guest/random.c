/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each guest has a stream of random numbers of its own: what one draws from it, or stirs into it,
 * says and does nothing to another's.
 */
#include "kernel/crypto/crypto.h"
#include "kernel/guest/guest.h"

static struct crypto_stream *stream(struct guest *guest)
{
	const struct {
		uint32_t vm_id;
		uint32_t has_identity;
		struct uuid identity;
	} name = {guest->vm_id, guest->has_identity, guest->identity};
	struct crypto_stream first;

	if (guest->has_stream)
		return &guest->stream;
	crypto_stream_init(&first, &name, sizeof(name));
	/* Another call may have come here meanwhile. */
	if (!guest->has_stream)
		guest->stream = first;
	guest->has_stream = true;
	crypto_wipe(&first, sizeof(first));
	return &guest->stream;
}

void guest_random(struct guest *guest, void *to, size_t size)
{
	crypto_stream_random(stream(guest), to, size);
}

void guest_random_add(struct guest *guest, const void *data, size_t size)
{
	crypto_stream_add(stream(guest), data, size);
}
