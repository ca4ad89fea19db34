/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/ta/crash.h"

#include "kernel/call/call.h"
#include "kernel/lib/string.h"

#define FRAMES_MAX  24
#define MODULES_MAX 16 /* in a report */
#define UUID_TEXT   37

/* A report in progress. */
struct report {
	const struct ta_instance *instance;
	bool cut; /* the guest is going: nobody is left to read it */
};

static const char *uuid_text(char text[UUID_TEXT], const struct uuid *uuid)
{
	const uint8_t *node = uuid->clock_seq_and_node;

	snprintf(text, UUID_TEXT, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 uuid->time_low, uuid->time_mid, uuid->time_hi_and_version, node[0], node[1],
		 node[2], node[3], node[4], node[5], node[6], node[7]);
	return text;
}

/* Between two lines the normal world may have the CPU. */
static void printf_like(2, 3) line(struct report *report, const char *format, ...)
{
	char text[128];
	va_list args;

	if (report->cut)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_report_line(report->instance->guest->vm_id, text);
	report->cut = call_poll() != TEE_SUCCESS;
}

/* Pointer authentication puts its code into the bits above the app's addresses. */
static uint64_t without_pac(uint64_t va)
{
	return va & (ARCH_USER_END - 1);
}

/* A place in the app, by file where one is there. */
static void print_place(struct report *report, const char *what, uint64_t va)
{
	struct module_place place;
	char uuid[UUID_TEXT];

	va = without_pac(va);
	for (unsigned i = 0; i < MODULES_MAX && modules_place(report->instance, i, &place); i++) {
		if (va - place.load_address < place.size) {
			line(report, "  %-4s %s+0x%llx", what, uuid_text(uuid, &place.uuid),
			     (unsigned long long)(va - place.load_address));
			return;
		}
	}
	line(report, "  %-4s 0x%llx", what, (unsigned long long)va);
}

static void print_registers(struct report *report)
{
	const struct user_context *ctx = report->instance->context;

	for (unsigned i = 0; i < 28; i += 4)
		line(report, "  x%-2u %016llx  x%-2u %016llx  x%-2u %016llx  x%-2u %016llx", i,
		     (unsigned long long)ctx->x[i], i + 1, (unsigned long long)ctx->x[i + 1], i + 2,
		     (unsigned long long)ctx->x[i + 2], i + 3, (unsigned long long)ctx->x[i + 3]);
	line(report, "  x28 %016llx  x29 %016llx  x30 %016llx", (unsigned long long)ctx->x[28],
	     (unsigned long long)ctx->x[29], (unsigned long long)ctx->x[30]);
	line(report, "  sp  %016llx  pc  %016llx  pstate %llx", (unsigned long long)ctx->sp,
	     (unsigned long long)ctx->pc, (unsigned long long)ctx->pstate);
}

static void print_modules(struct report *report)
{
	struct module_place place;
	char uuid[UUID_TEXT];

	for (unsigned i = 0; i < MODULES_MAX && modules_place(report->instance, i, &place); i++)
		line(report, "  module %s at 0x%llx, 0x%llx bytes", uuid_text(uuid, &place.uuid),
		     (unsigned long long)place.load_address, (unsigned long long)place.size);
}

/*
 * Each frame is the address of the next and the return address; the call stands one instruction
 * before that. Frames only go upwards, so the walk ends even if the app made a circle.
 */
static void print_calls(struct report *report, uint64_t frame)
{
	uint64_t last = 0;

	for (unsigned i = 0; i < FRAMES_MAX && frame > last && frame % 8 == 0; i++) {
		uint64_t link[2];

		if (user_read(&report->instance->as, link, uaddr(frame), sizeof(link), 0))
			return;
		if (link[1] == 0)
			return;
		/* It was a search among many (I7), and a line is long itself. */
		report->cut |= call_poll() != TEE_SUCCESS;
		print_place(report, "call", link[1] - 4);
		last = frame;
		frame = link[0];
	}
}

static void print_body(struct report *report)
{
	print_registers(report);
	print_modules(report);
	print_place(report, "pc", report->instance->context->pc);
}

/* True if the guest may have a whole report; otherwise what happened is all that is said. */
static bool begin(struct report *report, const struct ta_instance *instance, const char *head)
{
	*report = (struct report){.instance = instance};
	if (!log_report_begin(&instance->guest->log)) {
		guest_log(instance->guest, "%s (no report: too many)", head);
		return false;
	}
	line(report, "%s", head);
	return true;
}

#define HEAD_TEXT 120

void crash_report_panic(const struct ta_instance *instance, const struct ta_session *session,
			uint32_t code, uint64_t frame)
{
	struct report report;
	char uuid[UUID_TEXT];
	char head[HEAD_TEXT];

	snprintf(head, sizeof(head), "TA %s session %u: panic 0x%x",
		 uuid_text(uuid, &instance->uuid), session->id, code);
	if (!begin(&report, instance, head))
		return;
	print_body(&report);
	print_calls(&report, frame);
	log_report_end(&instance->guest->log);
}

/* What the exception was, from its syndrome (Arm ARM, ESR_ELx). */
static const char *fault_name(uint64_t esr)
{
	unsigned class = esr >> 26 & 0x3f;
	bool write = esr >> 6 & 1;

	switch (class) {
	case 0x00:
		return "undefined instruction";
	case 0x0d:
		return "branch target exception";
	case 0x18:
		return "system register";
	case 0x1c:
		return "pointer authentication failure";
	case 0x20:
		return "instruction abort";
	case 0x22:
		return "unaligned pc";
	case 0x24:
		return write ? "data abort, write" : "data abort, read";
	case 0x26:
		return "unaligned sp";
	case 0x3c:
		return "breakpoint instruction";
	default:
		return "exception";
	}
}

void crash_report_fault(const struct ta_instance *instance, const struct ta_session *session,
			const struct user_fault *fault)
{
	struct report report;
	char uuid[UUID_TEXT];
	char head[HEAD_TEXT];

	snprintf(head, sizeof(head), "TA %s session %u: %s, esr 0x%llx far 0x%llx",
		 uuid_text(uuid, &instance->uuid), session->id, fault_name(fault->esr),
		 (unsigned long long)fault->esr, (unsigned long long)fault->far);
	if (!begin(&report, instance, head))
		return;
	print_body(&report);
	/* A function that makes no call has no frame: its caller is in x30 only. */
	print_place(&report, "lr", instance->context->x[30] - 4);
	print_calls(&report, instance->context->x[29]);
	log_report_end(&instance->guest->log);
}
