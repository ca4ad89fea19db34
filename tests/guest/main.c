/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bare-metal test guest. Boot arguments (words NAME=VALUE):
 *   mode=once|storm|linger|crowd|sleep|hog|pace|hoard|herd   what to do (once)
 *   profile=a|b                    which of the ABI's two profiles to speak (a)
 *   seed=N calls=N                 for storm and once
 *   kind=… hold=MICROSECONDS       for linger
 *   instances=N sessions=N buffers=N pages=N spread=1 dead=N greedy=1 kept=1 big=N bigs=N for hoard
 *   sessions=N waits=N             for herd
 *   slots=N                        calls that can be in flight (20)
 *   native=1                       no hypervisor below: its calls would be ours
 * Every line it prints starts with "guest: ". It ends with PASS or FAIL and powers off.
 */
#include "memory.h"
#include "modes.h"

void main(const void *tree);

void main(const void *tree)
{
	char mode[16];
	char profile[4];

	if (!machine_parse_tree(tree))
		fail("no device tree");
	machine_string("mode", "once", mode, sizeof(mode));
	machine_string("profile", "a", profile, sizeof(profile));
	print("guest: mode %s profile %s, %lu KiB of memory, %u pages, initrd %lu bytes\n", mode,
	      profile, machine.memory_size >> 10, pages_free(),
	      machine.initrd_end - machine.initrd_start);
	tee_probe(profile[0]);
	print("guest: probe: capabilities %x, %u threads%s\n", tee.capabilities, tee.thread_count,
	      tee.is_tenon ? ", Tenon" : "");
	if (!strcmp(mode, "once"))
		mode_once();
	else if (!strcmp(mode, "storm"))
		mode_storm();
	else if (!strcmp(mode, "linger"))
		mode_linger();
	else if (!strcmp(mode, "crowd"))
		mode_crowd();
	else if (!strcmp(mode, "sleep"))
		mode_sleep();
	else if (!strcmp(mode, "hog"))
		mode_hog();
	else if (!strcmp(mode, "pace"))
		mode_pace();
	else if (!strcmp(mode, "hoard"))
		mode_hoard();
	else if (!strcmp(mode, "herd"))
		mode_herd();
	else
		fail("no mode %s", mode);
	print("guest: PASS %s\n", mode);
	power_off();
}
