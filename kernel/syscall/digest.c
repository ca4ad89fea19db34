/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls of cryptographic states; for now there are those of digests (trusted-app ABI
 * §4.6.5). Every operation works on a copy and puts it in place at its end, so that a failure in
 * the middle leaves the state as it was.
 */
#include "kernel/call/call.h"
#include "kernel/crypto/crypto.h"
#include "kernel/syscall/object.h"
#include "kernel/syscall/syscall.h"

/* Read from the app at once; on the kernel's stack. */
#define PIECE 512

struct state {
	struct object object;
	bool initialised;
	struct crypto_digest digest; /* the kind is set from the start */
};

static bool kind_of(uint64_t algo, enum crypto_digest_kind *kind)
{
	switch (algo) {
	case TEE_ALG_SHA1:
		*kind = CRYPTO_SHA1;
		return true;
	case TEE_ALG_SHA224:
		*kind = CRYPTO_SHA224;
		return true;
	case TEE_ALG_SHA256:
		*kind = CRYPTO_SHA256;
		return true;
	case TEE_ALG_SHA384:
		*kind = CRYPTO_SHA384;
		return true;
	case TEE_ALG_SHA512:
		*kind = CRYPTO_SHA512;
		return true;
	default:
		return false;
	}
}

static struct state *find(struct syscall *sc, uint64_t handle)
{
	return (struct state *)object_find(sc->instance, OBJECT_DIGEST, handle);
}

/* (algo, mode, key1, key2, u32 *state) */
TEE_Result sys_cryp_state_alloc(struct syscall *sc)
{
	enum crypto_digest_kind kind;

	if (!kind_of(sc->arg[0], &kind) || sc->arg[1] != TEE_MODE_DIGEST)
		return TEE_ERROR_NOT_SUPPORTED;
	if (sc->arg[2] || sc->arg[3])
		return TEE_ERROR_BAD_STATE; /* there are no objects that could be keys */
	struct object *object = object_new(sc->instance, OBJECT_DIGEST, sizeof(struct state));
	if (!object)
		return TEE_ERROR_OUT_OF_MEMORY;
	((struct state *)object)->digest.kind = kind;
	TEE_Result res = user_write(&sc->instance->as, uaddr(sc->arg[4]), &object->handle,
				    sizeof(object->handle), 0);
	if (res)
		object_free(sc->instance, object);
	return res;
}

/* (to, from) */
TEE_Result sys_cryp_state_copy(struct syscall *sc)
{
	struct state *to = find(sc, sc->arg[0]);
	const struct state *from = find(sc, sc->arg[1]);

	if (!to || !from || to->digest.kind != from->digest.kind)
		return TEE_ERROR_BAD_PARAMETERS;
	to->digest = from->digest;
	to->initialised = from->initialised;
	return TEE_SUCCESS;
}

/* (state) */
TEE_Result sys_cryp_state_free(struct syscall *sc)
{
	struct state *state = find(sc, sc->arg[0]);

	if (!state)
		return TEE_ERROR_BAD_PARAMETERS;
	object_free(sc->instance, &state->object);
	return TEE_SUCCESS;
}

/* (state, iv, iv size): there is no IV in a digest. */
TEE_Result sys_hash_init(struct syscall *sc)
{
	struct state *state = find(sc, sc->arg[0]);

	if (!state)
		return TEE_ERROR_BAD_PARAMETERS;
	crypto_digest_init(&state->digest, state->digest.kind);
	state->initialised = true;
	return TEE_SUCCESS;
}

/* What is hashed is what was read, once: a client may write to its memory meanwhile. */
static TEE_Result absorb(struct syscall *sc, struct crypto_digest *digest, uint64_t data,
			 uint64_t size)
{
	uint8_t piece[PIECE];
	TEE_Result res =
		user_check(&sc->instance->as, uaddr(data), size, USER_READ | USER_ANY_OWNER);

	for (uint64_t done = 0; done < size && !res;) {
		size_t bite = min(size - done, (uint64_t)sizeof(piece));
		res = user_read(&sc->instance->as, piece, uaddr(data + done), bite, USER_ANY_OWNER);
		if (res)
			break;
		call_preemptible_begin();
		crypto_digest_update(digest, piece, bite);
		call_preemptible_end();
		done += bite;
		res = call_poll();
	}
	crypto_wipe(piece, sizeof(piece));
	return res;
}

/* (state, data, size) */
TEE_Result sys_hash_update(struct syscall *sc)
{
	struct state *state = find(sc, sc->arg[0]);

	if (!state)
		return TEE_ERROR_BAD_PARAMETERS;
	if (sc->arg[2] == 0)
		return TEE_SUCCESS;
	if (sc->arg[1] == 0)
		return TEE_ERROR_BAD_PARAMETERS;
	if (!state->initialised)
		return TEE_ERROR_BAD_STATE;
	struct crypto_digest digest = state->digest;
	TEE_Result res = absorb(sc, &digest, sc->arg[1], sc->arg[2]);
	if (res == TEE_SUCCESS)
		state->digest = digest;
	crypto_wipe(&digest, sizeof(digest));
	return res;
}

/* Hashes the last data and gives the result; digest is used up by it. */
static TEE_Result finish(struct syscall *sc, struct crypto_digest *digest, uint64_t size)
{
	const struct uaspace *as = &sc->instance->as;
	uint8_t result[CRYPTO_DIGEST_SIZE_MAX];
	TEE_Result res = user_check(as, uaddr(sc->arg[3]), size, USER_WRITE | USER_ANY_OWNER);

	if (!res)
		res = absorb(sc, digest, sc->arg[1], sc->arg[2]);
	if (res)
		return res;
	crypto_digest_final(digest, result);
	/* Without instructions for it, two blocks are long, and there are searches before and after
	 * them (I7). */
	res = call_poll();
	if (!res)
		res = user_write(as, uaddr(sc->arg[3]), result, size, USER_ANY_OWNER);
	crypto_wipe(result, sizeof(result));
	return res ? res : user_write(as, uaddr(sc->arg[4]), &size, sizeof(size), USER_ANY_OWNER);
}

/* (state, data, size, out, u64 *out size): the state is ready for another message afterwards. */
TEE_Result sys_hash_final(struct syscall *sc)
{
	const struct uaspace *as = &sc->instance->as;
	struct state *state = find(sc, sc->arg[0]);
	uint64_t room, size;

	if (!state || (sc->arg[1] == 0 && sc->arg[2] != 0))
		return TEE_ERROR_BAD_PARAMETERS;
	if (!state->initialised)
		return TEE_ERROR_BAD_STATE;
	TEE_Result res = user_read(as, &room, uaddr(sc->arg[4]), sizeof(room), USER_ANY_OWNER);
	if (res)
		return res;
	size = crypto_digest_size(state->digest.kind);
	if (room < size) {
		res = user_write(as, uaddr(sc->arg[4]), &size, sizeof(size), USER_ANY_OWNER);
		return res ? res : TEE_ERROR_SHORT_BUFFER;
	}
	struct crypto_digest digest = state->digest;
	res = finish(sc, &digest, size);
	if (res == TEE_SUCCESS)
		crypto_digest_init(&state->digest, state->digest.kind);
	crypto_wipe(&digest, sizeof(digest));
	return res;
}
