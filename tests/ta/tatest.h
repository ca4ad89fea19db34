/* SPDX-License-Identifier: BSD-2-Clause */
/* What the client of the contract's tests and its trusted apps agree on. */
#ifndef TATEST_H
#define TATEST_H

#include <stdint.h>

/* 7e0b3c5a-NNNN-4b8e-a2f6-74612d747374: the apps differ in NNNN only. */
#define TATEST_UUID(number)                                                                        \
	{                                                                                          \
		0x7e0b3c5a, (number), 0x4b8e,                                                      \
		{                                                                                  \
			0xa2, 0xf6, 0x74, 0x61, 0x2d, 0x74, 0x73, 0x74                             \
		}                                                                                  \
	}

/* The probe and copies of it with other names, flags, stacks or wrappings: variants.py makes them.
 */
enum tatest_app {
	APP_PROBE = 0x0010,       /* an instance for each session */
	APP_SINGLE = 0x0011,      /* single instance, one session */
	APP_SHARED = 0x0012,      /* single instance, several sessions */
	APP_KEPT = 0x0013,        /* and kept alive */
	APP_KEPT_MANY = 0x0014,   /* keep-alive without single instance */
	APP_KEPT_DEAD = 0x0015,   /* kept alive, flag bit 13: stays dead after a crash */
	APP_BAD_FLAG = 0x0016,    /* flag bit 14 */
	APP_CACHE = 0x0017,       /* may use cache maintenance */
	APP_SMALL_STACK = 0x0018, /* 0xc00 bytes of stack */
	APP_SHARED_TOO = 0x0019,  /* like APP_SHARED, for cycles */
	APP_ENCRYPTED = 0x001b,
	APP_VERSIONED = 0x001c, /* files of it with versions 2, 3 and 4 */
	APP_MISNAMED = 0x001d,  /* its ta_head says APP_PROBE */
	APP_IMAGE = 0x001e,     /* whatever file the test installs */
	APP_LEGACY = 0x001f,    /* depr_entry is not all ones */
	APP_NO_CREATE = 0x0021, /* TA_CreateEntryPoint fails */
	APP_LIBS = 0x0030,      /* needs LIB_FIRST, opens LIB_SECOND, uses thread-local storage */
	LIB_FIRST = 0x0031,
	LIB_SECOND = 0x0032,
	APP_HERD = 0x0033,     /* shared by all guests */
	LIB_MANY = 0x0040,     /* crafted.py's: needs as many libraries as there may be */
	LIB_TOO_MANY = 0x0050, /* needs more */
	LIB_TABLES = 0x0051,   /* thousands of sections and symbols, and no index */
	LIB_LARGE = 0x0052,    /* of megabytes */
	LIB_MOVED = 0x0053,    /* relocations that go to and fro between pages */
	LIB_NAMES = 0x0054,    /* refers to long names */
	LIB_SEGMENTS = 0x0055, /* as many as there may be, each with pages to be filled */
	LIB_DIVIDED = 0x0070,  /* makes hundreds of regions with what it needs */
	APP_ABSENT = 0x00ff,
	APP_CROWD = 0x1000 /* crafted.py's smallest apps, each number one more than the last */
};

/* How far the client and an app differ from the contract's reference; the client says in reports.
 */
#define TATEST_ON_PEER 1u

/*
 * Commands of the probe. The report commands take p0 value in {which, TATEST_ON_PEER or 0}, p3
 * memref out: lines "ok POINT WHAT" and "FAIL POINT WHAT: expected X, got Y", without a NUL.
 */
enum tatest_command {
	CMD_NOTHING,
	CMD_RECORD,     /* p0 value in: enum tatest_record; p3 memref out: struct tatest_record */
	CMD_CHECK,      /* a report: p0.a says which, enum tatest_check; p1, p2: what it works on */
	CMD_FAULT,      /* p0 value in: enum tatest_fault */
	CMD_ADDRESS,    /* p0 value in: {high, low} address; result: of reading it by system call */
	CMD_RAW_RETURN, /* leaves without its runtime, the parameters as a hostile app leaves them
			 */
	CMD_ADD,        /* p0 value inout: {what to add to a counter, its value} */
	CMD_FILL,       /* leaves a pattern in all the memory it has */
	CMD_MEMREFS,    /* p0..p2 memrefs: adds 1 to each byte of inouts, fills outs with 0x5a */
	CMD_WAIT,       /* p0 value in: milliseconds, whether to unmask cancellation */
	CMD_DEPTH,    /* p0 value in: levels to go; p1 value out: levels reached, the first error */
	CMD_TRY,      /* p0 value in: {app, next}: opens app and has it open next; p3 value out: the
			 deepest result and origin */
	CMD_KEEP,     /* p0 value in: app; opens a session and keeps it */
	CMD_USE_KEPT, /* p0 value in: levels; invokes this command with one less in the session that
			 was kept; p3 value out: the deepest result and origin */
	CMD_LEAVE_OPEN, /* p0 value in: app; opens a session and panics */
	CMD_IDENTITY,   /* p3 memref out: TEE_Identity of the client */
	CMD_COUNTS,     /* p3 value out: sessions opened and closed so far */
	CMD_PANIC_FAR,  /* panics with frames in what CHECK_MANY_REGIONS mapped */
	CMD_STACK       /* uses the whole stack, except when p0.a is 1: then more */
};

enum tatest_record_of {
	RECORD_FIRST,    /* the entry that created the instance */
	RECORD_OPEN,     /* the latest opening */
	RECORD_CLOSE,    /* the latest close */
	RECORD_PREVIOUS, /* the command before this one */
	RECORD_THIS,
	RECORD_COUNT
};

/* What the app found at an entry, before any of its own code ran. */
struct tatest_record {
	uint64_t x[31];
	uint64_t sp;
	uint64_t tpidr;
	uint64_t nzcv;
	uint64_t fpcr;
	uint64_t fpsr;
	uint64_t v[64];
	uint64_t params[9]; /* the block at x2 */
	uint64_t pad;
} __attribute__((aligned(16)));

enum tatest_check {
	CHECK_MEMORY,   /* pages, tails, stack, unmapped ranges */
	CHECK_NUMBERS,  /* numbers of system calls, registers after them */
	CHECK_POINTERS, /* bad pointers in each call; p1, p2 memref inout of the client */
	CHECK_RIGHTS,   /* check_access_rights; p1 memref in, p2 memref inout */
	CHECK_CANCEL,   /* masks */
	CHECK_TIME,
	CHECK_CACHE,   /* p1, p2 memref inout; with or without the flag */
	CHECK_FP,      /* SIMD and thread register over system calls and RPCs */
	CHECK_ZERO,    /* memory that had no owner in this life: found at creation */
	CHECK_NESTED,  /* parameters between apps; p1, p2 memref inout */
	CHECK_SYSTEM,  /* the service for apps: memory; p2 memref inout */
	CHECK_SECRETS, /* the service for apps: keys, entropy, libraries; p2 memref inout */
	CHECK_LIBS,    /* of APP_LIBS */
	/* As much as there may be, left to the app's end; Tenon only. */
	CHECK_MANY_REGIONS, /* of APP_LIBS, too */
	CHECK_MANY_OBJECTS,
	CHECK_MANY_SESSIONS,
	CHECK_MANY_BYTES, /* p2 memref inout */
	CHECK_MANY_LIBS,  /* of APP_LIBS */
	CHECK_COUNT
};

enum tatest_fault {
	FAULT_READ_NULL,
	FAULT_READ_1,
	FAULT_READ_40000,
	FAULT_EXECUTE_NULL,
	FAULT_READ_FAR_STACK,
	FAULT_WRITE_FAR_STACK,
	FAULT_EXECUTE_FAR_STACK,
	FAULT_WRITE_CODE,
	FAULT_WRITE_CONSTANT,
	FAULT_EXECUTE_DATA,
	FAULT_EXECUTE_STACK,
	FAULT_BRK,
	FAULT_BRK_1000,
	FAULT_UNDEFINED,
	FAULT_READ_SYSTEM,
	FAULT_WRITE_SYSTEM,
	FAULT_TLB,
	FAULT_CACHE,
	FAULT_HVC,
	FAULT_SMC,
	FAULT_ERET,
	FAULT_DAIF,
	FAULT_UNALIGNED_PC,
	FAULT_READ_KERNEL,
	FAULT_READ_NONCANONICAL,
	FAULT_WILD_JUMP,
	FAULT_GUARD_PAGE,
	FAULT_PANIC,
	FAULT_PANIC_ZERO,
	FAULT_COUNT
};

#define FAULT_PANIC_CODE 0xC0DEu

#endif
