/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of this room share: a guest with a scripted app whose "system call" is a piece of
 * the test, run inside the kernel; and failures on demand (linked with --wrap).
 */
#ifndef SERVICE_FIXTURE_TEST_H
#define SERVICE_FIXTURE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "kernel/arch/host/app.h"
#include "kernel/guest/guest.h"
#include "kernel/ta/ta.h"

extern struct model guest;

int fixture_start(void **state);
int fixture_stop(void **state);

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)

extern const struct uuid system_uuid, socket_uuid, stats_uuid;

/* Runs body in a command of the app, which is loaded by then; it has one page of private memory at
 * app_page. SMC_OK, or MODEL_LEFT if the guest stopped. */
uint32_t in_app(void (*body)(struct ta_instance *app));
extern uint64_t app_page;

/* For bodies: a session of the app with a service, and a command. Origin of the result is checked
 * (TA-084). */
TEE_Result app_open(struct ta_instance *app, const struct uuid *uuid, uint32_t *session);
TEE_Result app_invoke(struct ta_instance *app, uint32_t session, uint32_t cmd,
		      struct ta_params *params);
void app_close(struct ta_instance *app, uint32_t session);

struct ta_param value_param(uint32_t type, uint32_t a, uint32_t b);
struct ta_param memory_param(uint32_t type, const struct ta_instance *app, uint64_t va,
			     uint64_t size);
struct ta_param null_param(uint32_t type);

void app_put(struct ta_instance *app, uint64_t va, const void *from, size_t size);
void app_get(struct ta_instance *app, uint64_t va, void *to, size_t size);

/* Every command with every parameter of each other type: BAD_PARAMETERS, nothing else. right: as it
 * has to be. */
void wrong_types_are_refused(struct ta_instance *app, uint32_t session, uint32_t cmd,
			     const struct ta_params *right);

/* The n-th page or object that is asked for from here on is not given; 0: all are. */
void fail_allocation(unsigned n);
/* Whether it came to that. */
bool allocation_failed(void);

/* The guest stops at its n-th exit from here on, 0: never. In place of guest.on_rpc. */
void stop_at_exit(unsigned n);
/* Serves RPCs; may be NULL. As model.on_rpc, without the right to stop. */
extern void (*supplicant)(uint32_t cmd, struct msg_header *header, struct msg_param *params,
			  bool *served);

/* Bytes of a payload as tee-supplicant sees them; NULL: a NULL reference. */
void *supplicant_memory(const struct msg_param *param);

#endif
