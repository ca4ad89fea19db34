/* SPDX-License-Identifier: BSD-2-Clause */
/* A model TEE: keeps registered memory like a real one, and ends each INVOKE by a script. */
#include "sim.h"

struct tee tee;

static const struct tee_act end_well[] = {{TEE_END, 0, 0, 0}};
static const struct tee_act end_without_memory[] = {{TEE_END, TEE_ERROR_OUT_OF_MEMORY, 0, 0}};

void tee_reset(void)
{
	for (uint32_t i = 0; i < TEE_BUFFERS; i++)
		free(tee.buffers[i].pa);
	for (uint32_t i = 0; i < TEE_THREADS; i++) {
		for (uint32_t j = 0; j < 8; j++)
			free(tee.threads[i].temporary[j].pa);
	}
	memset(&tee, 0, sizeof(tee));
	tee.caps = SMC_CAP_DYNAMIC_SHM | SMC_CAP_MEMREF_NULL | SMC_CAP_RPC_ARG |
		   SMC_CAP_VIRTUALIZATION | SMC_CAP_ASYNC_NOTIF | SMC_CAP_RESERVED_SHM |
		   SMC_CAP_PROTMEM | SMC_CAP_UNREGISTERED_SHM | (1u << 20);
	tee.caps_a3 = 4;
	tee.thread_count = 4;
	tee.uuid[0] = 0x486178E0;
}

static bool is_vm(uint32_t id)
{
	for (uint32_t i = 0; i < SIM_VMS; i++) {
		if (id != 0 && tee.vms[i] == id)
			return true;
	}
	return false;
}

static void *reach(uint32_t vm_id, uint64_t pa)
{
	if (!sim_tee_may_access(vm_id, pa))
		fail_msg("TEE led to 0x%llx", (unsigned long long)pa);
	return sim_frame_data(pa);
}

struct tee_buffer *tee_find(uint32_t vm_id, uint64_t cookie)
{
	for (uint32_t i = 0; i < TEE_BUFFERS; i++) {
		struct tee_buffer *buffer = &tee.buffers[i];

		if (buffer->used && buffer->vm_id == vm_id && buffer->cookie == cookie)
			return buffer;
	}
	return NULL;
}

uint32_t tee_buffer_count(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < TEE_BUFFERS; i++)
		count += tee.buffers[i].used;
	return count;
}

static void buffer_free(struct tee_buffer *buffer)
{
	free(buffer->pa);
	memset(buffer, 0, sizeof(*buffer));
}

static bool buffer_knows(const struct tee_buffer *buffer, uint64_t pa)
{
	for (uint32_t i = 0; buffer->used && i < buffer->page_count; i++) {
		if (buffer->pa[i] == pa)
			return true;
	}
	return false;
}

bool tee_knows(uint64_t pa)
{
	if (tee.cached_cookie != 0 && tee.cached_pa == pa)
		return true;
	for (uint32_t i = 0; i < TEE_BUFFERS; i++) {
		if (buffer_knows(&tee.buffers[i], pa))
			return true;
	}
	for (uint32_t i = 0; i < TEE_THREADS; i++) {
		const struct tee_thread *thread = &tee.threads[i];

		if (!thread->used)
			continue;
		if (thread->message == pa || (thread->rpc_cookie != 0 && thread->rpc_pa == pa))
			return true;
		for (uint32_t j = 0; j < 8; j++) {
			if (buffer_knows(&thread->temporary[j], pa))
				return true;
		}
	}
	return false;
}

/* Reads a page list as the ABI says; what it finds must be reachable. */
static void buffer_read(struct tee_buffer *buffer, uint32_t vm_id, const struct msg_tmem *tmem)
{
	uint64_t *list = reach(vm_id, tmem->buf_ptr & ~0xFFFull);

	buffer->used = true;
	buffer->vm_id = vm_id;
	buffer->cookie = tmem->shm_ref;
	buffer->offset = tmem->buf_ptr & 0xFFF;
	buffer->size = tmem->size;
	buffer->page_count = (uint32_t)((tmem->size + buffer->offset + 4095) / 4096);
	buffer->pa = calloc(buffer->page_count, sizeof(uint64_t));
	for (uint32_t i = 0, n = 0; i < buffer->page_count; i++, n++) {
		if (n == MSG_LIST_ENTRIES) {
			list = reach(vm_id, list[n]);
			n = 0;
		}
		buffer->pa[i] = list[n];
		reach(vm_id, list[n]);
	}
	/* beyond the list there is nothing */
	for (uint32_t n = (buffer->page_count - 1) % MSG_LIST_ENTRIES + 1; n < 512; n++)
		assert_int_equal(list[n], 0);
}

static struct tee_buffer *buffer_new(void)
{
	for (uint32_t i = 0; i < TEE_BUFFERS; i++) {
		if (!tee.buffers[i].used)
			return &tee.buffers[i];
	}
	fail_msg("model TEE out of buffers");
	return NULL;
}

static void thread_free(struct tee_thread *thread)
{
	for (uint32_t i = 0; i < 8; i++)
		free(thread->temporary[i].pa);
	memset(thread, 0, sizeof(*thread));
}

static uint32_t thread_id(const struct tee_thread *thread)
{
	return tee.first_thread_id + (uint32_t)(thread - tee.threads);
}

static struct msg_header *main_message(const struct tee_thread *thread)
{
	return reach(thread->vm_id, thread->message);
}

static struct msg_header *rpc_message(const struct tee_thread *thread)
{
	if (thread->appended)
		return (struct msg_header *)((uint8_t *)main_message(thread) +
					     MSG_SIZE(thread->num_params));
	return reach(thread->vm_id, thread->rpc_pa);
}

static void write_outputs(struct tee_thread *thread)
{
	struct msg_param *out = (struct msg_param *)(main_message(thread) + 1);

	for (uint32_t i = 0; i < thread->num_params; i++) {
		const struct msg_param *in = &thread->params[i];

		switch (in->attr & 0xFF) {
		case MSG_ATTR_VALUE_OUT:
		case MSG_ATTR_VALUE_INOUT:
			out[i].u.value = (struct msg_value){0x1000 + i, 0x2000 + i, 0x3000 + i};
			break;
		case MSG_ATTR_RMEM_OUT:
		case MSG_ATTR_RMEM_INOUT:
		case MSG_ATTR_TMEM_OUT:
		case MSG_ATTR_TMEM_INOUT:
			out[i].u.tmem.size = 0x40 + i;
			/* addresses and cookies that no guest may see */
			out[i].u.tmem.buf_ptr = thread->message;
			out[i].u.tmem.shm_ref = thread->message;
			break;
		default:
			/* not an output: must not come back either */
			out[i].u.value.a ^= 0xBAD;
			break;
		}
		if (thread->temporary[i].used)
			*(uint32_t *)reach(thread->vm_id, thread->temporary[i].pa[0]) = 0x54454D50;
	}
}

/* Fills the RPC message; the regs of the return. */
static void rpc_cmd(struct tee_thread *thread, uint32_t regs[8], uint32_t cmd,
		    const struct msg_param *param, uint32_t count)
{
	struct msg_header *message = rpc_message(thread);

	memset(message, 0, MSG_RPC_SIZE);
	message->cmd = cmd;
	message->num_params = count;
	message->ret = 0; /* a TEE that forgets to preset it (NW-100) */
	memcpy(message + 1, param, count * sizeof(*param));
	regs[0] = SMC_RPC_CMD;
	regs[1] = thread->appended ? 0 : (uint32_t)(thread->rpc_cookie >> 32);
	regs[2] = thread->appended ? 0 : (uint32_t)thread->rpc_cookie;
}

static uint64_t last_payload(uint32_t vm_id)
{
	for (uint32_t i = TEE_BUFFERS; i-- != 0;) {
		if (tee.buffers[i].used && tee.buffers[i].payload && tee.buffers[i].vm_id == vm_id)
			return tee.buffers[i].cookie;
	}
	return 0;
}

/* Runs the script up to the next return to the normal world. */
static void thread_run(struct tee_thread *thread, uint32_t regs[8])
{
	for (;;) {
		const struct tee_act *act = thread->next;
		struct msg_param param = {0};

		regs[1] = 0;
		regs[2] = 0;
		regs[3] = thread_id(thread);
		thread->suspended = true;
		switch (act->verb) {
		case TEE_WRITE:
			write_outputs(thread);
			thread->next++;
			continue;
		case TEE_END:
			main_message(thread)->ret = (uint32_t)act->a;
			main_message(thread)->ret_origin = TEE_ORIGIN_TRUSTED_APP;
			if (tee.cache && thread->rpc_cookie != 0 && tee.cached_cookie == 0) {
				tee.cached_cookie = thread->rpc_cookie;
				tee.cached_pa = thread->rpc_pa;
				tee.cached_vm = thread->vm_id;
			}
			thread_free(thread);
			regs[0] = SMC_OK;
			regs[3] = 0x7777;
			return;
		case TEE_ALLOC:
			regs[0] = SMC_RPC_ALLOC;
			regs[1] = 160;
			return;
		case TEE_FREE:
			regs[0] = SMC_RPC_FREE;
			regs[1] = (uint32_t)(thread->rpc_cookie >> 32);
			regs[2] = (uint32_t)thread->rpc_cookie;
			thread->rpc_cookie = 0;
			return;
		case TEE_INTERRUPT:
			regs[0] = SMC_RPC_FOREIGN_INTR;
			regs[1] = 0x11;
			return;
		case TEE_CMD:
			param.attr = act->b;
			param.u.value.a = act->c;
			rpc_cmd(thread, regs, (uint32_t)act->a, &param, 1);
			return;
		case TEE_SHM_ALLOC:
			param.attr = MSG_ATTR_VALUE_IN;
			param.u.value.a = act->b;
			param.u.value.b = act->a;
			rpc_cmd(thread, regs, RPC_CMD_SHM_ALLOC, &param, 1);
			return;
		case TEE_SHM_FREE:
			param.attr = MSG_ATTR_VALUE_IN;
			param.u.value.b = last_payload(thread->vm_id);
			if (param.u.value.b == 0) {
				thread->next++;
				continue;
			}
			buffer_free(tee_find(thread->vm_id, param.u.value.b));
			rpc_cmd(thread, regs, RPC_CMD_SHM_FREE, &param, 1);
			return;
		case TEE_RAW:
			regs[0] = (uint32_t)act->a;
			regs[1] = (uint32_t)(act->b >> 32);
			regs[2] = (uint32_t)act->b;
			return;
		}
	}
}

/* Takes the answer to the RPC that the thread waited for. */
static void thread_answer(struct tee_thread *thread, const uint32_t regs[8])
{
	const struct tee_act *act = thread->next++;
	const struct msg_header *message;

	if (act->verb == TEE_ALLOC) {
		thread->rpc_pa = (uint64_t)regs[1] << 32 | regs[2];
		thread->rpc_cookie = (uint64_t)regs[4] << 32 | regs[5];
		if (thread->rpc_pa != 0)
			memset(reach(thread->vm_id, thread->rpc_pa), 0, MSG_RPC_SIZE);
		else
			thread->next = end_without_memory;
	} else {
		for (uint32_t i = 1; i < 7; i++)
			assert_true(i == 3 || regs[i] == 0);
	}
	if (act->verb != TEE_CMD && act->verb != TEE_SHM_ALLOC && act->verb != TEE_SHM_FREE)
		return;
	message = rpc_message(thread);
	thread->last_rpc_ret = message->ret;
	memcpy(&thread->last_rpc_param, message + 1, sizeof(thread->last_rpc_param));
	if (act->verb == TEE_SHM_ALLOC && message->ret == 0) {
		struct tee_buffer *buffer = buffer_new();

		assert_int_equal(thread->last_rpc_param.attr, MSG_ATTR_SHM_LIST);
		buffer_read(buffer, thread->vm_id, &thread->last_rpc_param.u.tmem);
		buffer->payload = true;
	}
}

static uint32_t start_register(struct tee_thread *thread)
{
	assert_int_equal(thread->params[0].attr, MSG_ATTR_SHM_LIST);
	if (tee.register_ret != 0)
		return tee.register_ret;
	assert_null(tee_find(thread->vm_id, thread->params[0].u.tmem.shm_ref));
	buffer_read(buffer_new(), thread->vm_id, &thread->params[0].u.tmem);
	return TEE_SUCCESS;
}

static uint32_t start_unregister(struct tee_thread *thread)
{
	struct tee_buffer *buffer = tee_find(thread->vm_id, thread->params[0].u.rmem.shm_ref);

	if (tee.unregister_ret != 0)
		return tee.unregister_ret;
	if (buffer == NULL || buffer->payload)
		return TEE_ERROR_BAD_PARAMETERS;
	buffer_free(buffer);
	return TEE_SUCCESS;
}

static void start_params(struct tee_thread *thread)
{
	for (uint32_t i = 0; i < thread->num_params; i++) {
		const struct msg_param *param = &thread->params[i];
		uint64_t attr = param->attr;

		if ((attr & 0xC) == 0xC || attr == 4 || attr == 8)
			fail_msg("attribute 0x%llx", (unsigned long long)attr);
		if ((attr & 0xFF) >= MSG_ATTR_TMEM_IN && (attr & MSG_ATTR_NONCONTIG) == 0)
			assert_true(param->u.tmem.buf_ptr == 0 && param->u.tmem.size == 0 &&
				    param->u.tmem.shm_ref == 0);
		if ((attr & MSG_ATTR_NONCONTIG) != 0)
			buffer_read(&thread->temporary[i], thread->vm_id, &param->u.tmem);
	}
}

static void thread_start(struct tee_thread *thread, uint32_t regs[8])
{
	static struct tee_act ends[TEE_THREADS];
	struct tee_act *end = &ends[thread - tee.threads];

	*end = (struct tee_act){TEE_END, 0, 0, 0};
	thread->next = end;
	switch (thread->header.cmd) {
	case MSG_CMD_REGISTER_SHM:
		end->a = start_register(thread);
		break;
	case MSG_CMD_UNREGISTER_SHM:
		end->a = start_unregister(thread);
		break;
	case MSG_CMD_OPEN_SESSION:
		start_params(thread);
		main_message(thread)->session = 7;
		break;
	case MSG_CMD_INVOKE_COMMAND:
		start_params(thread);
		thread->next = tee.scripts[thread->header.func % TEE_SCRIPTS];
		if (thread->next == NULL)
			thread->next = end_well;
		break;
	default:
		assert_true(thread->header.cmd < MSG_CMD_REGISTER_SHM);
		break;
	}
	thread_run(thread, regs);
}

static void yielding(uint32_t regs[8])
{
	uint64_t pa = (uint64_t)regs[1] << 32 | regs[2];
	struct tee_thread *thread = NULL;
	struct msg_header *message;

	for (uint32_t i = 0; i < TEE_THREADS && thread == NULL; i++) {
		if (!tee.threads[i].used)
			thread = &tee.threads[i];
	}
	assert_non_null(thread);
	assert_int_equal(regs[4] | regs[5] | regs[6], 0);
	message = reach(regs[7], pa);
	assert_int_equal(message->ret, TEE_ERROR_GENERIC);
	assert_int_equal(message->ret_origin, TEE_ORIGIN_COMMS);
	/* nothing of another call follows (NW-189) */
	for (uint32_t i = MSG_SIZE(message->num_params); i < MSG_PAGE_SIZE; i++)
		assert_int_equal(((uint8_t *)message)[i], 0);
	if (tee.force_a0 != 0 || tee.untouched) {
		regs[0] = tee.force_a0;
		regs[1] = regs[2] = regs[3] = 0x5555;
		return;
	}
	thread->used = true;
	thread->vm_id = regs[7];
	thread->message = pa;
	thread->appended = regs[0] == SMC_CALL_WITH_RPC_ARG;
	thread->header = *message;
	thread->num_params = message->num_params;
	assert_true(thread->num_params <= 8);
	memcpy(thread->params, message + 1, thread->num_params * sizeof(struct msg_param));
	thread_start(thread, regs);
}

static void resume(uint32_t regs[8])
{
	uint32_t index = regs[3] - tee.first_thread_id;

	assert_true(index < TEE_THREADS);
	assert_true(tee.threads[index].used && tee.threads[index].suspended);
	assert_int_equal(tee.threads[index].vm_id, regs[7]);
	thread_answer(&tee.threads[index], regs);
	thread_run(&tee.threads[index], regs);
}

static void vm_destroyed(uint32_t regs[8])
{
	if (regs[1] == 0)
		return;
	if (tee.destroy_busy != 0) {
		tee.destroy_busy--;
		regs[0] = SMC_EBUSY;
		return;
	}
	regs[0] = tee.destroy_status;
	if (regs[0] != 0)
		return;
	tee.destroyed++;
	for (uint32_t i = 0; i < TEE_THREADS; i++) {
		if (tee.threads[i].used && tee.threads[i].vm_id == regs[1])
			thread_free(&tee.threads[i]);
	}
	for (uint32_t i = 0; i < TEE_BUFFERS; i++) {
		if (tee.buffers[i].used && tee.buffers[i].vm_id == regs[1])
			buffer_free(&tee.buffers[i]);
	}
	if (tee.cached_vm == regs[1])
		tee.cached_cookie = 0;
	for (uint32_t i = 0; i < SIM_VMS; i++) {
		if (tee.vms[i] == regs[1])
			tee.vms[i] = 0;
	}
}

static void vm_created(uint32_t regs[8])
{
	regs[0] = tee.vm_created_status;
	if (regs[0] != 0)
		return;
	assert_false(is_vm(regs[1]));
	for (uint32_t i = 0; i < SIM_VMS; i++) {
		if (tee.vms[i] == 0) {
			tee.vms[i] = regs[1];
			return;
		}
	}
	regs[0] = SMC_ENOTAVAIL;
}

static void answer(uint32_t regs[8], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	regs[0] = a0;
	regs[1] = a1;
	regs[2] = a2;
	regs[3] = a3;
}

static void hypervisor_call(uint32_t regs[8])
{
	uint32_t id = regs[1];

	assert_int_equal(regs[7], 0);
	if (regs[0] == SMC_TENON_GUEST_CONFIGURE) {
		tee.configured = regs[2];
		if (regs[2] == TENON_KEY_LIMIT_CALLS)
			tee.thread_count = regs[3];
		regs[0] = SMC_OK;
		return;
	}
	if (regs[0] == SMC_TENON_NOTIFY_NEXT) {
		answer(regs, tee.notify ? SMC_OK : SMC_ENOTAVAIL, tee.notify, 0, 0);
		tee.notify -= tee.notify > 0;
		return;
	}
	if (regs[0] == SMC_TENON_GUEST_STATS) {
		answer(regs, SMC_OK, 1, id + regs[2], 0);
		return;
	}
	assert_int_equal(regs[2] | regs[3] | regs[4] | regs[5] | regs[6], 0);
	if (tee.no_virtualization) {
		regs[0] = SMC_UNKNOWN_FUNCTION;
		return;
	}
	if (regs[0] == SMC_VM_CREATED) {
		vm_created(regs);
	} else {
		regs[0] = SMC_OK;
		vm_destroyed(regs);
	}
}

static void fast(uint32_t regs[8])
{
	switch (regs[0]) {
	case SMC_CALLS_UID:
		answer(regs, SMC_UID_0 ^ tee.wrong_uid, SMC_UID_1, SMC_UID_2, SMC_UID_3);
		break;
	case SMC_CALLS_REVISION:
		answer(regs, 2, 0, 0x99, 0x99);
		break;
	case SMC_GET_OS_UUID:
		answer(regs, tee.uuid[0], tee.uuid[1], tee.uuid[2], tee.uuid[3]);
		break;
	case SMC_GET_OS_REVISION:
		answer(regs, 4, 5, 0xABCDEF01, 0x99);
		break;
	case SMC_GET_THREAD_COUNT:
		answer(regs, tee.no_thread_count ? SMC_UNKNOWN_FUNCTION : SMC_OK, tee.thread_count,
		       0, 0);
		break;
	case SMC_EXCHANGE_CAPABILITIES:
		assert_true(regs[7] == 0 || is_vm(regs[7]));
		assert_int_equal(regs[1] & ~SMC_NWCAP_UNIPROCESSOR, 0);
		answer(regs, SMC_OK, tee.caps, 77, tee.caps_a3);
		break;
	case SMC_ENABLE_ASYNC_NOTIF:
	case SMC_GET_ASYNC_NOTIF_VALUE:
		assert_true(is_vm(regs[7]));
		answer(regs, SMC_OK, 70, 3, 0x99);
		break;
	case SMC_ENABLE_SHM_CACHE:
		assert_true(is_vm(regs[7]));
		tee.cache = true;
		answer(regs, SMC_OK, 0x99, 0x99, 0x99);
		break;
	case SMC_DISABLE_SHM_CACHE:
		assert_true(is_vm(regs[7]));
		tee.cache = false;
		answer(regs, SMC_ENOTAVAIL, 0, 0, 0);
		if (tee.cached_cookie != 0 && tee.cached_vm == regs[7]) {
			answer(regs, SMC_OK, (uint32_t)(tee.cached_cookie >> 32),
			       (uint32_t)tee.cached_cookie, 0);
			tee.cached_cookie = 0;
		}
		break;
	default:
		fail_msg("0x%x reached the TEE", regs[0]);
	}
}

void tee_smc(uint64_t wide[8])
{
	uint32_t regs[8];

	for (uint32_t i = 0; i < 8; i++)
		regs[i] = (uint32_t)wide[i];
	memcpy(tee.last_regs, regs, sizeof(regs));
	switch (regs[0]) {
	case SMC_CALL_WITH_ARG:
	case SMC_CALL_WITH_RPC_ARG:
	case SMC_RETURN_FROM_RPC:
		assert_true(is_vm(regs[7]));
		if (tee.hostile != NULL && tee.hostile(regs))
			break;
		if (regs[0] == SMC_RETURN_FROM_RPC)
			resume(regs);
		else
			yielding(regs);
		break;
	case SMC_VM_CREATED ... SMC_VM_DESTROYED:
	case SMC_TENON_GUEST_CONFIGURE ... SMC_TENON_NOTIFY_NEXT:
		hypervisor_call(regs);
		break;
	default:
		fast(regs);
		break;
	}
	for (uint32_t i = 0; i < 4; i++)
		wide[i] = regs[i];
}
