/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of this room. */
#ifndef SERVICE_INTERNAL_H
#define SERVICE_INTERNAL_H

#include "kernel/ta/ta.h"

extern const struct ta_service service_device; /* device.c */
extern const struct ta_service service_rng;    /* rng.c */
extern const struct ta_service service_system; /* system.c */
extern const struct ta_service service_socket; /* socket.c */
extern const struct ta_service service_stats;  /* stats.c */
extern const struct ta_service service_wait;   /* wait.c */

/* The four parameters are of these TEE_PARAM_* types. */
bool service_types_are(const struct ta_params *params, uint32_t first, uint32_t second,
		       uint32_t third, uint32_t fourth);

/* A UUID in native form that fills a memory reference: BAD_PARAMETERS for any other size. */
TEE_Result must_check service_read_uuid(const struct ta_memref *ref, struct uuid *uuid);

/*
 * Memory of the guest that an RPC's data goes through: allocated by tee-supplicant for this one
 * RPC. Apps' and clients' memory is copied from and to it, so the guest sees nothing else of an
 * app, and an app nothing that changes under it but by its own client.
 */
#define PAYLOAD_MAX (1u << 20)

struct payload {
	struct shm *shm; /* NULL: of no bytes */
	uint64_t size;
};

/* size bytes, at most PAYLOAD_MAX (OUT_OF_MEMORY), filled from the start of from unless that is
 * NULL. Polls, sends RPCs. Ended by payload_end() after SUCCESS; on failure nothing remains. */
TEE_Result must_check payload_begin(struct payload *payload, uint64_t size,
				    const struct ta_memref *from);
void payload_end(struct payload *payload);

/* The RPC parameter that names it, as attr MSG_ATTR_RMEM_IN, _OUT or _INOUT says; one of no bytes
 * is a NULL reference. */
struct msg_param payload_param(const struct payload *payload, uint64_t attr);

/* Copies the first size bytes (at most those of the payload and to's room) to the client. Polls. */
TEE_Result must_check payload_copy_out(const struct payload *payload, struct ta_memref *to,
				       uint64_t size);

/* Commands of the system service that have files of their own; params are of any type. */
TEE_Result must_check plugin_invoke(struct ta_params *params);
TEE_Result must_check library_open(struct ta_instance *app, struct ta_params *params);
TEE_Result must_check library_find(struct ta_instance *app, struct ta_params *params);

#endif
