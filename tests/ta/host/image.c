/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that have to be taken, and files that have to be refused (sections 1 and 2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

/* Puts a file of /usr/lib/tatest where tee-supplicant looks for app. */
static void install(const char *name, enum tatest_app app)
{
	char command[200];

	snprintf(command, sizeof(command),
		 "cp /usr/lib/tatest/%s "
		 "/usr/lib/optee_armtz/7e0b3c5a-%04x-4b8e-a2f6-74612d747374.ta",
		 name, app);
	if (system(command)) {
		printf("FAIL TA-151 no image %s\n", name);
		exit(1);
	}
}

static void expect_image(const char *point, const char *name, uint64_t expected)
{
	char text[80];

	install(name, APP_IMAGE);
	snprintf(text, sizeof(text), "opening an image that is %s", name);
	expect(point, text, expected, try_app(APP_IMAGE));
}

static uint64_t try_subkey_app(void)
{
	static const TEEC_UUID uuid = {
		0x4a7c45e5, 0x61e1, 0x5f65, {0xbf, 0x7d, 0x4e, 0x9d, 0x30, 0xe5, 0x53, 0x71}};
	TEEC_Session session;
	uint32_t origin = 0;
	TEEC_Result res =
		TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);

	if (res == TEEC_SUCCESS)
		TEEC_CloseSession(&session);
	return both(res, origin);
}

static uint64_t refused(TEEC_Result result)
{
	return both(result, ORIGIN_TEE);
}

/* What a key or a chain of keys wraps. */
void group_wrapped(void)
{
	const uint64_t good = both(TEEC_SUCCESS, ORIGIN_TRUSTED_APP);

	expect("TA-014", "an encrypted app opens", good, try_app(APP_ENCRYPTED));
	expect("TA-010", "an app under a subkey opens", good, try_subkey_app());
	/* an app that says it were a subkey: the peer runs out of memory over it */
	install("bit-at-4", APP_IMAGE);
	expect_either("TA-012", "an app is no subkey", refused(TEEC_ERROR_SECURITY),
		      refused(TEEC_ERROR_OUT_OF_MEMORY), try_app(APP_IMAGE));
}

/* Each changed bit is found before anything is believed; the peer, which parses first, says other
 * things of some. */
static void check_corrupt(void)
{
	static const struct {
		const char *name;
		TEEC_Result peer;
	} images[] = {
		{"bit-at-0", 0},
		{"bit-at-8", 0},
		{"bit-at-12", 0},
		{"bit-at-16", 0},
		{"bit-at-18", 0},
		{"bit-at-20", 0},
		{"bit-at-52", 0},
		{"bit-at-100", 0},
		{"bit-at-308", 0},
		{"bit-at-324", 0},
		{"bit-at-end", 0},
		{"cut", 0},
		{"bit-at-400", TEEC_ERROR_GENERIC},
		{"longer", 0},
		{"header-only", 0},
		{"empty", TEEC_ERROR_OUT_OF_MEMORY},
	};

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
		expect_image(
			"TA-009", images[i].name,
			refused(on_peer && images[i].peer ? images[i].peer : TEEC_ERROR_SECURITY));
}

/* Well signed, but no app. */
static void check_misshapen(void)
{
	static const struct {
		const char *point;
		const char *name;
		TEEC_Result peer;
	} images[] = {
		{"TA-027", "relocation-outside", TEEC_ERROR_BAD_FORMAT},
		{"TA-027", "relocation-in-code", TEEC_ERROR_GENERIC},
		{"TA-028", "relocation-unknown", TEEC_ERROR_BAD_FORMAT},
		{"TA-022", "not-dynamic", TEEC_ERROR_BAD_FORMAT},
		{"TA-022", "other-machine", TEEC_ERROR_BAD_FORMAT},
		{"TA-022", "big-endian", TEEC_ERROR_BAD_FORMAT},
		{"TA-022", "headers-outside", TEEC_ERROR_NOT_SUPPORTED},
		{"TA-022", "sections-outside", TEEC_ERROR_BAD_PARAMETERS},
	};

	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
		expect_image(images[i].point, images[i].name,
			     refused(on_peer ? images[i].peer : TEEC_ERROR_BAD_FORMAT));
}

void group_image(void)
{
	const uint64_t good = both(TEEC_SUCCESS, ORIGIN_TRUSTED_APP);

	/* the peer takes what its file's header says and believes the app's own name, too */
	expect_either("TA-033", "an app whose ta_head has another UUID",
		      refused(TEEC_ERROR_SECURITY), good, try_app(APP_MISNAMED));
	/* the peer runs out of memory over it */
	expect_either("TA-033", "an app with an entry of old", refused(TEEC_ERROR_BAD_FORMAT),
		      refused(TEEC_ERROR_OUT_OF_MEMORY), try_app(APP_LEGACY));
	expect_image("TA-151", "good", good);
	expect_image("TA-003", "pkcs1", good);
	check_corrupt();
	check_misshapen();
	expect_image("TA-151", "good", good);
}

static uint64_t try_version(const char *name)
{
	install(name, APP_VERSIONED);
	return try_app(APP_VERSIONED);
}

void group_version(void)
{
	const uint64_t good = both(TEEC_SUCCESS, ORIGIN_TRUSTED_APP);
	const uint64_t older = both(TEEC_ERROR_ACCESS_CONFLICT, ORIGIN_TEE);

	expect("TA-018", "version 3 opens", good, try_version("version3"));
	expect("TA-018", "version 2 does not any more", older, try_version("version2"));
	expect("TA-018", "version 3 still does", good, try_version("version3"));
	expect("TA-018", "version 4 opens", good, try_version("version4"));
	expect("TA-018", "then version 3 does not", older, try_version("version3"));
}
