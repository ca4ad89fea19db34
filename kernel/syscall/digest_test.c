/* SPDX-License-Identifier: BSD-2-Clause */
/* Cryptographic states and digests, asked for by a scripted app in a real image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "kernel/arch/host/app.h"
#include "kernel/crypto/crypto.h"
#include "kernel/guest/guest.h"
#include "kernel/lib/assert.h"
#include "kernel/syscall/object.h"

static struct model guest;
static uint32_t session;
static uint8_t uuid[16];
static struct arch_aspace *space;
static uint64_t stack;  /* an address in the app's stack: 0 the handle, 8 the size, 16 the result */
static uint64_t lent;   /* where the client's memory is in the app */
static uint64_t client; /* and in the guest: CLIENT_SIZE bytes */

#define CLIENT_SIZE (3 * PAGE_SIZE)

static void note(struct arch_aspace *as, struct user_context *ctx, struct utee_params *params)
{
	space = as;
	stack = ctx->sp - 1024;
	lent = params->vals[0];
}

static int start(void **state)
{
	(void)state;
	host_start(1200);
	app_reset();
	model_start(&guest, 1);
	app_uuid(uuid, "023f8f1a-292a-432b-8fc4-de8471358067");
	app_load_file(&guest, KIT_TA_DIR, "023f8f1a-292a-432b-8fc4-de8471358067");
	app_on_entry = note;
	client = model_alloc(&guest, CLIENT_SIZE);
	assert_int_equal(model_register(&guest, client, CLIENT_SIZE, 0x40), TEE_SUCCESS);
	assert_int_equal(model_open(&guest, uuid, &session), TEE_SUCCESS);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	host_ns_hook = NULL;
	host_point_hook = NULL;
	host_foreign_pending = false;
	assert_int_equal(model_admin(SMC_VM_DESTROYED, 1, 0, 0).a[0], SMC_OK);
	assert_int_equal(host_ns_mappings(), 0);
	return 0;
}

static uint32_t run(const struct app_step *steps, unsigned count)
{
	struct model_message m = {.header = {.cmd = MSG_CMD_INVOKE_COMMAND, .session = session}};

	m.header.num_params = 1;
	m.params[0] = (struct msg_param){MSG_ATTR_RMEM_INOUT, .u.rmem = {0, CLIENT_SIZE, 0x40}};
	app_steps = steps;
	app_step_count = count;
	assert_int_equal(model_call(&guest, &m), SMC_OK);
	return m.header.ret;
}

static uint32_t one(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		    uint64_t a4)
{
	struct app_step step = {APP_SYSCALL, number, {a0, a1, a2, a3, a4}};

	assert_int_equal(run(&step, 1), TEE_SUCCESS);
	return app_results[0];
}

/* The app's own memory, between two entries. */
static void *own(uint64_t offset)
{
	return host_user_memory(space, stack + offset, PROT_R | PROT_W);
}

static uint32_t alloc(uint32_t algo, uint32_t *handle)
{
	uint32_t res = one(SYS_CRYP_STATE_ALLOC, algo, TEE_MODE_DIGEST, 0, 0, stack);

	*handle = *(uint32_t *)own(0);
	return res;
}

static uint32_t fresh(uint32_t algo)
{
	uint32_t handle;

	one(SYS_HASH_INIT, 0, 0, 0, 0, 0); /* an entry, so that stack is known */
	assert_int_equal(alloc(algo, &handle), TEE_SUCCESS);
	assert_int_not_equal(handle, 0);
	return handle;
}

static uint32_t update(uint32_t handle, const char *text)
{
	memcpy(own(128), text, strlen(text));
	return one(SYS_HASH_UPDATE, handle, stack + 128, strlen(text), 0, 0);
}

static uint32_t final(uint32_t handle, const char *text, uint64_t room)
{
	memcpy(own(128), text, strlen(text));
	*(uint64_t *)own(8) = room;
	return one(SYS_HASH_FINAL, handle, stack + 128, strlen(text), stack + 16, stack + 8);
}

static void result_is_of(enum crypto_digest_kind kind, const char *text)
{
	uint8_t expected[CRYPTO_DIGEST_SIZE_MAX];
	struct crypto_digest d;

	crypto_digest_init(&d, kind);
	crypto_digest_update(&d, text, strlen(text));
	crypto_digest_final(&d, expected);
	assert_int_equal(*(uint64_t *)own(8), crypto_digest_size(kind));
	assert_memory_equal(own(16), expected, crypto_digest_size(kind));
}

/* TA-101 */
static void every_sha_digests_what_it_was_given(void **state)
{
	(void)state;
	for (uint32_t algo = TEE_ALG_SHA1; algo <= TEE_ALG_SHA512; algo++) {
		enum crypto_digest_kind kind = CRYPTO_SHA1 + (algo - TEE_ALG_SHA1);
		uint32_t handle = fresh(algo);
		assert_int_equal(one(SYS_HASH_INIT, handle, 1, 99, 0, 0), TEE_SUCCESS);
		assert_int_equal(update(handle, "one, "), TEE_SUCCESS);
		assert_int_equal(update(handle, "two, "), TEE_SUCCESS);
		assert_int_equal(final(handle, "three", 400), TEE_SUCCESS);
		result_is_of(kind, "one, two, three");
		/* It is ready for the next message, and for none at all. */
		assert_int_equal(update(handle, "again"), TEE_SUCCESS);
		assert_int_equal(final(handle, "", 64), TEE_SUCCESS);
		result_is_of(kind, "again");
		assert_int_equal(one(SYS_CRYP_STATE_FREE, handle, 0, 0, 0, 0), TEE_SUCCESS);
	}
}

static void ta_101_init_restarts_and_nothing_goes_before_it(void **state)
{
	uint32_t handle = fresh(TEE_ALG_SHA256);

	(void)state;
	assert_int_equal(update(handle, "x"), TEE_ERROR_BAD_STATE);
	assert_int_equal(final(handle, "x", 64), TEE_ERROR_BAD_STATE);
	assert_int_equal(one(SYS_HASH_UPDATE, handle, 0, 0, 0, 0), TEE_SUCCESS);
	assert_int_equal(one(SYS_HASH_INIT, handle, 0, 0, 0, 0), TEE_SUCCESS);
	assert_int_equal(update(handle, "forgotten"), TEE_SUCCESS);
	assert_int_equal(one(SYS_HASH_INIT, handle, 0, 0, 0, 0), TEE_SUCCESS);
	assert_int_equal(final(handle, "kept", 64), TEE_SUCCESS);
	result_is_of(CRYPTO_SHA256, "kept");
}

/* TA-102: digests */
static void ta_102_a_copy_takes_the_message_so_far_to_a_state_of_the_same_kind(void **state)
{
	uint32_t from = fresh(TEE_ALG_SHA512), to = fresh(TEE_ALG_SHA512);
	uint32_t other = fresh(TEE_ALG_SHA384);

	(void)state;
	assert_int_equal(one(SYS_HASH_INIT, from, 0, 0, 0, 0), TEE_SUCCESS);
	assert_int_equal(update(from, "common "), TEE_SUCCESS);
	assert_int_equal(one(SYS_CRYP_STATE_COPY, to, from, 0, 0, 0), TEE_SUCCESS);
	assert_int_equal(final(from, "one", 64), TEE_SUCCESS);
	result_is_of(CRYPTO_SHA512, "common one");
	assert_int_equal(final(to, "other", 64), TEE_SUCCESS);
	result_is_of(CRYPTO_SHA512, "common other");
	assert_int_equal(one(SYS_CRYP_STATE_COPY, other, from, 0, 0, 0), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(one(SYS_CRYP_STATE_COPY, 77, from, 0, 0, 0), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(one(SYS_CRYP_STATE_COPY, from, 77, 0, 0, 0), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(one(SYS_CRYP_STATE_COPY, from, from, 0, 0, 0), TEE_SUCCESS);
}

static void ta_103_a_short_buffer_leaves_the_state_as_it_was(void **state)
{
	uint32_t handle = fresh(TEE_ALG_SHA224);

	(void)state;
	assert_int_equal(one(SYS_HASH_INIT, handle, 0, 0, 0, 0), TEE_SUCCESS);
	assert_int_equal(update(handle, "begin "), TEE_SUCCESS);
	assert_int_equal(final(handle, "end", 27), TEE_ERROR_SHORT_BUFFER);
	assert_int_equal(*(uint64_t *)own(8), 28);
	assert_int_equal(final(handle, "end", 0), TEE_ERROR_SHORT_BUFFER);
	assert_int_equal(final(handle, "end", 28), TEE_SUCCESS);
	result_is_of(CRYPTO_SHA224, "begin end");
}

/* TA-060, TA-064, TA-066 */
static void pointers_that_lead_nowhere_leave_the_state_as_it_was(void **state)
{
	uint32_t handle = fresh(TEE_ALG_SHA1);
	const uint64_t bad[] = {1, ARCH_USER_END - 2, 1ull << 40, UINT64_MAX};

	(void)state;
	assert_int_equal(one(SYS_HASH_INIT, handle, 0, 0, 0, 0), TEE_SUCCESS);
	assert_int_equal(update(handle, "good"), TEE_SUCCESS);
	assert_int_equal(one(SYS_HASH_UPDATE, handle, 0, 5, 0, 0), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(one(SYS_HASH_FINAL, handle, 0, 5, stack, stack + 8),
			 TEE_ERROR_BAD_PARAMETERS);
	*(uint64_t *)own(8) = 64;
	for (unsigned i = 0; i < array_count(bad); i++) {
		assert_int_equal(one(SYS_HASH_UPDATE, handle, bad[i], 8, 0, 0),
				 TEE_ERROR_ACCESS_DENIED);
		assert_int_equal(one(SYS_HASH_FINAL, handle, bad[i], 8, stack + 16, stack + 8),
				 TEE_ERROR_ACCESS_DENIED);
		assert_int_equal(one(SYS_HASH_FINAL, handle, stack, 8, bad[i], stack + 8),
				 TEE_ERROR_ACCESS_DENIED);
		assert_int_equal(one(SYS_HASH_FINAL, handle, stack, 8, stack + 16, bad[i]),
				 TEE_ERROR_ACCESS_DENIED);
		assert_int_equal(
			one(SYS_CRYP_STATE_ALLOC, TEE_ALG_SHA1, TEE_MODE_DIGEST, 0, 0, bad[i]),
			TEE_ERROR_ACCESS_DENIED);
	}
	assert_int_equal(one(SYS_HASH_UPDATE, handle, stack, UINT64_MAX, 0, 0),
			 TEE_ERROR_ACCESS_DENIED);
	/* The handle must not go to memory of the client. */
	assert_int_equal(one(SYS_CRYP_STATE_ALLOC, TEE_ALG_SHA1, TEE_MODE_DIGEST, 0, 0, lent),
			 TEE_ERROR_ACCESS_DENIED);
	assert_int_equal(final(handle, "", 64), TEE_SUCCESS);
	result_is_of(CRYPTO_SHA1, "good");
}

/* TA-100: a state takes no key that is none. Issue 3: what is not there yet is not supported. */
static void what_is_not_a_sha_digest_is_not_supported(void **state)
{
	const uint64_t algos[] = {0,
				  0x50000001,
				  0x50000007,
				  0x50000008,
				  0x50000101,
				  0x30000004,
				  0x10000010,
				  0x40000810,
				  0x70414930,
				  UINT64_MAX,
				  1ull << 32 | TEE_ALG_SHA1};

	(void)state;
	fresh(TEE_ALG_SHA1);
	for (unsigned i = 0; i < array_count(algos); i++)
		assert_int_equal(one(SYS_CRYP_STATE_ALLOC, algos[i], TEE_MODE_DIGEST, 0, 0, stack),
				 TEE_ERROR_NOT_SUPPORTED);
	assert_int_equal(one(SYS_CRYP_STATE_ALLOC, TEE_ALG_SHA1, 4, 0, 0, stack),
			 TEE_ERROR_NOT_SUPPORTED);
	assert_int_equal(one(SYS_CRYP_STATE_ALLOC, TEE_ALG_SHA1, TEE_MODE_DIGEST, 1, 0, stack),
			 TEE_ERROR_BAD_STATE);
	assert_int_equal(one(SYS_CRYP_STATE_ALLOC, TEE_ALG_SHA1, TEE_MODE_DIGEST, 0, 1, stack),
			 TEE_ERROR_BAD_STATE);
}

/* Attack rows 9, 10 and 20: neither private operations of RSA nor elliptic curves are there, so
 * none of their secrets can be told by time, by a fault or through a point off the curve. */
static void neither_rsa_with_private_keys_nor_curves_are_there(void **state)
{
	const uint32_t algos[] = {0x60000030, 0x60000130, 0x70004830, 0x70414930, 0x70003042,
				  0x70001041, 0x70003041, 0x80000042, 0x70006043, 0x80000044};

	(void)state;
	fresh(TEE_ALG_SHA1);
	for (unsigned i = 0; i < array_count(algos); i++) {
		for (uint32_t mode = 0; mode < 8; mode++)
			assert_int_equal(one(SYS_CRYP_STATE_ALLOC, algos[i], mode, 0, 0, stack),
					 TEE_ERROR_NOT_SUPPORTED);
	}
}

/* TA-068 */
static void handles_that_name_nothing_are_bad_parameters(void **state)
{
	uint32_t handle = fresh(TEE_ALG_SHA256), again;

	(void)state;
	const uint64_t bad[] = {0, handle + 1, 0xFFFFBAD0, 1ull << 32 | handle, UINT64_MAX};
	for (unsigned i = 0; i < array_count(bad); i++) {
		assert_int_equal(one(SYS_HASH_INIT, bad[i], 0, 0, 0, 0), TEE_ERROR_BAD_PARAMETERS);
		assert_int_equal(one(SYS_HASH_UPDATE, bad[i], stack, 1, 0, 0),
				 TEE_ERROR_BAD_PARAMETERS);
		assert_int_equal(one(SYS_HASH_FINAL, bad[i], stack, 1, stack, stack + 8),
				 TEE_ERROR_BAD_PARAMETERS);
		assert_int_equal(one(SYS_CRYP_STATE_FREE, bad[i], 0, 0, 0, 0),
				 TEE_ERROR_BAD_PARAMETERS);
	}
	assert_int_equal(one(SYS_CRYP_STATE_FREE, handle, 0, 0, 0, 0), TEE_SUCCESS);
	assert_int_equal(one(SYS_CRYP_STATE_FREE, handle, 0, 0, 0, 0), TEE_ERROR_BAD_PARAMETERS);
	assert_int_equal(alloc(TEE_ALG_SHA256, &again), TEE_SUCCESS);
	assert_int_not_equal(again, handle); /* a stale handle stays stale */
	/* Numbers come round again without ever naming two. */
	struct guest *g = guest_enter(1);
	struct ta_instance *instance = list_entry(g->instances.next, struct ta_instance, link);
	instance->next_object = again - 1;
	guest_leave(g);
	assert_int_equal(alloc(TEE_ALG_SHA256, &handle), TEE_SUCCESS);
	assert_int_equal(handle, again + 1);
	instance->next_object = UINT32_MAX;
	assert_int_equal(alloc(TEE_ALG_SHA256, &handle), TEE_SUCCESS);
	assert_true(handle != 0 && handle != again && handle != again + 1);
}

static void a_hoard_of_states_ends_at_the_cap_and_goes_with_the_instance(void **state)
{
	const struct app_step panic = {APP_SYSCALL, SYS_PANIC, {1}};
	struct guest *g = guest_enter(1);
	uint32_t handle, count = 1;

	(void)state;
	guest_leave(g);
	fresh(TEE_ALG_SHA512);
	while (alloc(TEE_ALG_SHA512, &handle) == TEE_SUCCESS)
		count++;
	assert_int_equal(count, OBJECTS_MAX);
	assert_int_equal(alloc(TEE_ALG_SHA512, &handle), TEE_ERROR_OUT_OF_MEMORY);
	assert_int_equal(one(SYS_CRYP_STATE_FREE, 5, 0, 0, 0, 0), TEE_SUCCESS);
	assert_int_equal(alloc(TEE_ALG_SHA512, &handle), TEE_SUCCESS);
	uint32_t objects = g->heap.objects;
	assert_int_equal(run(&panic, 1), TEE_ERROR_TARGET_DEAD);
	app_step_count = 0;
	assert_true(g->heap.objects + OBJECTS_MAX <= objects);
	assert_int_equal(model_close(&guest, session), TEE_SUCCESS);
	/* An instance that ends in peace frees what it forgot, too. */
	assert_int_equal(model_open(&guest, uuid, &session), TEE_SUCCESS);
	objects = g->heap.objects;
	fresh(TEE_ALG_SHA1);
	assert_int_equal(g->heap.objects, objects + 1);
}

static void a_state_that_its_guest_cannot_pay_for_is_out_of_memory(void **state)
{
	uint32_t handle = fresh(TEE_ALG_SHA1), refused = 0;
	struct guest *g = guest_enter(1);

	(void)state;
	uint32_t reserve = g->budget.reserve, limit = g->budget.limit;
	assert_int_equal(budget_configure(&g->budget, 0, g->budget.used), TEE_SUCCESS);
	guest_leave(g);
	for (unsigned i = 0; i < 20; i++)
		refused += alloc(TEE_ALG_SHA1, &handle) == TEE_ERROR_OUT_OF_MEMORY;
	assert_in_range(refused, 10, 20);
	assert_int_equal(budget_configure(&g->budget, reserve, limit), TEE_SUCCESS);
	assert_int_equal(alloc(TEE_ALG_SHA1, &handle), TEE_SUCCESS);
}

static void overwrite(uint64_t pa, size_t size, bool write)
{
	if (!write && pa >= client + 512 && pa < client + CLIENT_SIZE)
		memset((char *)host_ns(client), 'B', pa - client);
	(void)size;
}

/* I4: a client writes behind the reading; each byte counts once, as it was read. */
static void a_client_that_changes_its_memory_changes_nothing_that_was_read(void **state)
{
	uint32_t handle = fresh(TEE_ALG_SHA256);
	static char as_it_was[CLIENT_SIZE + 1];

	(void)state;
	memset(as_it_was, 'A', CLIENT_SIZE);
	memcpy(host_ns(client), as_it_was, CLIENT_SIZE);
	assert_int_equal(one(SYS_HASH_INIT, handle, 0, 0, 0, 0), TEE_SUCCESS);
	host_ns_hook = overwrite;
	assert_int_equal(one(SYS_HASH_UPDATE, handle, lent, CLIENT_SIZE, 0, 0), TEE_SUCCESS);
	host_ns_hook = NULL;
	assert_int_equal(*(char *)host_ns(client), 'B');
	assert_int_equal(final(handle, "", 64), TEE_SUCCESS);
	result_is_of(CRYPTO_SHA256, as_it_was);
}

static unsigned points;

static void count_points(void)
{
	points++;
	host_foreign_pending = points % 2;
}

static bool stop_here(struct model *model, uint32_t cmd, struct msg_header *message, bool *served)
{
	(void)model;
	(void)cmd;
	(void)message;
	(void)served;
	return points < 9;
}

/* I7: between two pieces, the normal world gets the CPU when it wants it; or never gives it back:
 * then the guest goes with the update unfinished. */
static void a_long_update_gives_way_and_can_be_killed(void **state)
{
	const uint32_t handle = fresh(TEE_ALG_SHA512);
	unsigned preemptions = guest.preemptions;

	(void)state;
	assert_int_equal(one(SYS_HASH_INIT, handle, 0, 0, 0, 0), TEE_SUCCESS);
	points = 0;
	host_point_hook = count_points;
	assert_int_equal(one(SYS_HASH_UPDATE, handle, lent, CLIENT_SIZE, 0, 0), TEE_SUCCESS);
	host_point_hook = NULL;
	host_foreign_pending = false;
	assert_true(points >= CLIENT_SIZE / 512);
	assert_true(guest.preemptions - preemptions >= CLIENT_SIZE / 512 / 2 - 1);

	struct app_step step = {APP_SYSCALL, SYS_HASH_UPDATE, {handle, lent, CLIENT_SIZE}};
	struct model_message m = {.header = {.cmd = MSG_CMD_INVOKE_COMMAND, .session = session}};
	m.header.num_params = 1;
	m.params[0] = (struct msg_param){MSG_ATTR_RMEM_INOUT, .u.rmem = {0, CLIENT_SIZE, 0x40}};
	app_steps = &step;
	app_step_count = 1;
	points = 0;
	host_point_hook = count_points;
	guest.on_rpc = stop_here;
	assert_int_equal(model_call(&guest, &m), MODEL_LEFT);
	assert_in_range(points, 9, 10);
}

/* --- any order of operations --- */

#define STATES 4

/* What a state should be: the message so far, as digests of the same kind see it. */
static struct {
	uint32_t handle, algo; /* handle 0: there is none */
	bool initialised;
	char text[128];
} expected[STATES];
static uint64_t seed;

static unsigned draw(unsigned below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

static void try_alloc(unsigned n)
{
	uint32_t algo = TEE_ALG_SHA1 + draw(5);

	if (expected[n].handle)
		return;
	memset(&expected[n], 0, sizeof(expected[n]));
	expected[n].algo = algo;
	expected[n].handle = fresh(algo);
}

static void try_free(unsigned n)
{
	bool there = expected[n].handle != 0;

	assert_int_equal(one(SYS_CRYP_STATE_FREE, there ? expected[n].handle : 0xBAD0, 0, 0, 0, 0),
			 there ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS);
	/* A name that is gone stays so. */
	if (there)
		assert_int_equal(one(SYS_CRYP_STATE_FREE, expected[n].handle, 0, 0, 0, 0),
				 TEE_ERROR_BAD_PARAMETERS);
	expected[n].handle = 0;
}

static void try_init(unsigned n)
{
	bool there = expected[n].handle != 0;

	assert_int_equal(one(SYS_HASH_INIT, expected[n].handle, stack, draw(3), 0, 0),
			 there ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS);
	expected[n].initialised = there;
	expected[n].text[0] = 0;
}

static TEE_Result answer_of(unsigned n)
{
	if (!expected[n].handle)
		return TEE_ERROR_BAD_PARAMETERS;
	return expected[n].initialised ? TEE_SUCCESS : TEE_ERROR_BAD_STATE;
}

static void try_update(unsigned n)
{
	static const char *const words[] = {"a", "bc", "def"};
	const char *word = words[draw(3)];

	assert_int_equal(update(expected[n].handle, word), answer_of(n));
	if (answer_of(n) == TEE_SUCCESS)
		strncat(expected[n].text, word,
			sizeof(expected[n].text) - strlen(expected[n].text) - 1);
}

static void try_final(unsigned n)
{
	enum crypto_digest_kind kind = CRYPTO_SHA1 + (expected[n].algo - TEE_ALG_SHA1);

	if (answer_of(n) == TEE_SUCCESS && draw(2)) {
		assert_int_equal(final(expected[n].handle, "x", draw(20)), TEE_ERROR_SHORT_BUFFER);
		return;
	}
	assert_int_equal(final(expected[n].handle, "", 64), answer_of(n));
	if (answer_of(n) != TEE_SUCCESS)
		return;
	result_is_of(kind, expected[n].text);
	expected[n].text[0] = 0;
}

static void try_copy(unsigned to, unsigned from)
{
	bool fits = expected[to].handle && expected[from].handle &&
		    expected[to].algo == expected[from].algo;

	assert_int_equal(
		one(SYS_CRYP_STATE_COPY, expected[to].handle, expected[from].handle, 0, 0, 0),
		fits ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS);
	if (!fits || to == from)
		return;
	expected[to].initialised = expected[from].initialised;
	memcpy(expected[to].text, expected[from].text, sizeof(expected[to].text));
}

/* Attack row 8: a state is allocated, begun, fed, ended, copied and freed in any order; each step
 * does what the list of messages above says, or is refused and changes nothing. */
static void operations_in_any_order_do_what_they_should_or_nothing(void **state)
{
	(void)state;
	fresh(TEE_ALG_SHA1);
	memset(expected, 0, sizeof(expected));
	seed = 8;
	for (unsigned step = 0; step < 6000; step++) {
		unsigned n = draw(STATES);
		switch (draw(8)) {
		case 0:
			try_free(n);
			break;
		case 1:
			try_init(n);
			break;
		case 2:
			try_copy(n, draw(STATES));
			break;
		case 3:
		case 4:
			if (strlen(expected[n].text) < 100)
				try_update(n);
			break;
		case 5:
			try_final(n);
			break;
		default:
			try_alloc(n);
		}
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(every_sha_digests_what_it_was_given),
		TEST(ta_101_init_restarts_and_nothing_goes_before_it),
		TEST(ta_102_a_copy_takes_the_message_so_far_to_a_state_of_the_same_kind),
		TEST(ta_103_a_short_buffer_leaves_the_state_as_it_was),
		TEST(pointers_that_lead_nowhere_leave_the_state_as_it_was),
		TEST(what_is_not_a_sha_digest_is_not_supported),
		TEST(neither_rsa_with_private_keys_nor_curves_are_there),
		TEST(handles_that_name_nothing_are_bad_parameters),
		TEST(a_hoard_of_states_ends_at_the_cap_and_goes_with_the_instance),
		TEST(a_state_that_its_guest_cannot_pay_for_is_out_of_memory),
		TEST(a_client_that_changes_its_memory_changes_nothing_that_was_read),
		TEST(a_long_update_gives_way_and_can_be_killed),
		TEST(operations_in_any_order_do_what_they_should_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
