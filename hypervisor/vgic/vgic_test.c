/* SPDX-License-Identifier: BSD-2-Clause */
#include <lib/bits.h>
#include <lib/test.h>
#include <vgic/vgic.h>

#define LRS 4u

static struct vgic gic;
static uint64_t lrs[LRS];

static int setup(void **state)
{
	(void)state;
	vgic_init(&gic, 2);
	memset(lrs, 0, sizeof(lrs));
	return 0;
}

static uint64_t dist_read(uint32_t offset, unsigned size)
{
	uint64_t v = ~0ull;

	assert_int_equal(vgic_dist_access(&gic, offset, size, false, &v), 0);
	return v;
}

static uint32_t dist_write(uint32_t offset, unsigned size, uint64_t v)
{
	return vgic_dist_access(&gic, offset, size, true, &v);
}

static uint64_t redist_read(unsigned cpu, uint32_t offset, unsigned size)
{
	uint64_t v = ~0ull;

	vgic_redist_access(&gic, cpu, offset, size, false, &v);
	return v;
}

static uint32_t redist_write(unsigned cpu, uint32_t offset, uint64_t v)
{
	return vgic_redist_access(&gic, cpu, offset, 4, true, &v);
}

/* What an operating system does at its start: group 1, everything enabled. */
static void open_all(void)
{
	dist_write(0x0, 4, 2);
	dist_write(0x84, 4, ~0u);
	dist_write(0x104, 4, ~0u);
	for (unsigned c = 0; c < 2; c++) {
		redist_write(c, 0x10080, ~0u);
		redist_write(c, 0x10100, ~0u);
	}
}

/* Would the vCPU be interrupted if it ran? */
static bool has_pending(unsigned cpu)
{
	struct vgic copy = gic;
	uint64_t one = 0;

	vgic_fill(&copy, cpu, &one, 1);
	return one & LR_STATE_PENDING;
}

static void route(unsigned intid, unsigned cpu)
{
	assert_int_equal(dist_write(0x6000 + 8 * intid, 8, cpu), 3); /* everybody looks */
}

static uint64_t lr_id(unsigned i)
{
	return FIELD(lrs[i], 31, 0);
}

static void identification_says_gicv3_with_64_interrupts(void **state)
{
	(void)state;
	assert_int_equal(dist_read(0xFFE8, 4) >> 4 & 0xF, 3);
	assert_int_equal(redist_read(0, 0xFFE8, 4) >> 4 & 0xF, 3);
	assert_int_equal(dist_read(0x4, 4) & 0x1F, 1);
	assert_int_equal(dist_read(0x0, 4) & 0x50, 0x50);
	assert_int_equal(redist_read(0, 0x8, 8), 0);
	assert_int_equal(redist_read(1, 0x8, 8), BIT(32) | BIT(8) | BIT(4));
	assert_int_equal(redist_read(1, 0xC, 4), 1);
}

static void enable_and_disable_change_only_the_bits_written(void **state)
{
	(void)state;
	dist_write(0x104, 4, 0xF0);
	dist_write(0x184, 4, 0x30);
	assert_int_equal(dist_read(0x104, 4), 0xC0);
	assert_int_equal(dist_read(0x184, 4), 0xC0);
	assert_int_equal(dist_read(0x100, 4), 0); /* private ones are not the distributor's */
	assert_int_equal(redist_read(0, 0x10100, 4), 0xFFFF);
}

static void priorities_are_bytes_and_keep_five_bits(void **state)
{
	(void)state;
	dist_write(0x420, 4, 0xFF8017A0);
	assert_int_equal(dist_read(0x420, 4), 0xF88010A0);
	dist_write(0x421, 1, 0x08);
	assert_int_equal(dist_read(0x421, 1), 0x08);
	assert_int_equal(dist_read(0x41C, 4), 0);
}

static void accesses_that_no_register_allows_are_harmless(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < 0x20000; offset++)
		for (unsigned size = 1; size <= 8; size *= 2) {
			redist_read(0, offset, size);
			vgic_redist_access(&gic, 1, offset, size, true,
					   &(uint64_t){0xFFFFFFFFFFFFFFFF});
			if (offset < 0x10000) {
				dist_read(offset, size);
				dist_write(offset, size, ~0ull);
			}
		}
	assert_int_equal(redist_read(7, 8, 8), ~0ull);
	assert_true(gic.spis[0].target < 2);
}

static void an_interrupt_needs_pending_enable_and_group(void **state)
{
	(void)state;
	vgic_set_line(&gic, 0, 33, true);
	assert_false(has_pending(0));
	dist_write(0x104, 4, 2);
	assert_false(has_pending(0));
	dist_write(0x0, 4, 2);
	assert_false(has_pending(0)); /* still in group 0 */
	dist_write(0x84, 4, 2);
	assert_true(has_pending(0));
	assert_false(has_pending(1)); /* its route */
	dist_write(0x6000 + 8 * 33, 8, 1);
	assert_false(has_pending(0));
	assert_true(has_pending(1));
	dist_write(0x6000 + 8 * 33, 8, 77); /* nowhere: stays */
	assert_int_equal(dist_read(0x6000 + 8 * 33, 8), 1);
}

static void a_level_is_presented_until_its_line_falls(void **state)
{
	(void)state;
	open_all();
	vgic_set_line(&gic, 0, 33, true);
	assert_false(vgic_fill(&gic, 0, lrs, LRS));
	assert_int_equal(lr_id(0), 33);
	assert_true(lrs[0] & LR_EOI);
	lrs[0] = (lrs[0] & ~LR_STATE_PENDING) | LR_STATE_ACTIVE; /* the guest took it */
	vgic_collect(&gic, 0, lrs, LRS);
	assert_int_equal(dist_read(0x304, 4), 2);
	vgic_fill(&gic, 0, lrs, LRS);
	assert_true(lrs[0] & LR_STATE_ACTIVE);
	lrs[0] &= ~(LR_STATE_ACTIVE | LR_STATE_PENDING); /* and ended it, with the line still up */
	vgic_collect(&gic, 0, lrs, LRS);
	vgic_fill(&gic, 0, lrs, LRS);
	assert_true(lrs[0] & LR_STATE_PENDING);
	vgic_collect(&gic, 0, lrs, LRS);
	vgic_set_line(&gic, 0, 33, false);
	vgic_fill(&gic, 0, lrs, LRS);
	assert_int_equal(lrs[0], 0);
}

static void a_level_that_is_also_written_to_be_pending_stays_until_it_is_taken(void **state)
{
	(void)state;
	open_all();
	dist_write(0x204, 4, 2);
	vgic_fill(&gic, 0, lrs, LRS);
	vgic_collect(&gic, 0, lrs, LRS); /* not taken */
	assert_int_equal(dist_read(0x204, 4), 2);
	vgic_fill(&gic, 0, lrs, LRS);
	assert_true(lrs[0] & LR_STATE_PENDING);
	lrs[0] = (lrs[0] & ~LR_STATE_PENDING) | LR_STATE_ACTIVE; /* taken */
	vgic_collect(&gic, 0, lrs, LRS);
	assert_int_equal(dist_read(0x204, 4), 0);
}

/* Linux routes interrupts anew also while another vCPU handles them. */
static void an_interrupt_stays_with_the_vcpu_that_took_it(void **state)
{
	uint64_t others[LRS] = {0};

	(void)state;
	open_all();
	vgic_pulse(&gic, 0, 33);
	vgic_fill(&gic, 0, lrs, LRS);
	lrs[0] = (lrs[0] & ~LR_STATE_PENDING) | LR_STATE_ACTIVE; /* vCPU 0 took it */
	route(33, 1);
	vgic_pulse(&gic, 0, 33);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(vgic_collect(&gic, 0, lrs, LRS), 0);
		vgic_fill(&gic, 1, others, LRS);
		assert_int_equal(others[0], 0);
		vgic_fill(&gic, 0, lrs, LRS);
		assert_int_equal(lr_id(0), 33);
		assert_int_equal(lrs[0] >> 62, 2); /* active; pending it is for vCPU 1 */
		assert_true(lrs[0] & LR_EOI);
	}
	lrs[0] &= ~LR_STATE_ACTIVE; /* ended: now vCPU 1 is told */
	assert_int_equal(vgic_collect(&gic, 0, lrs, LRS), 2);
	vgic_fill(&gic, 0, lrs, LRS);
	assert_int_equal(lrs[0], 0);
	vgic_fill(&gic, 1, others, LRS);
	assert_int_equal(others[0] >> 62, 1);
	others[0] &= ~LR_STATE_PENDING;
	assert_int_equal(vgic_collect(&gic, 1, others, LRS), 0);
	assert_int_equal(dist_read(0x304, 4) | dist_read(0x204, 4), 0);
}

static void an_interrupt_that_was_not_taken_goes_where_it_is_routed(void **state)
{
	(void)state;
	open_all();
	for (unsigned edge = 0; edge < 2; edge++) {
		dist_write(0xC08, 4, edge ? 8 : 0);
		vgic_set_line(&gic, 0, 33, true);
		vgic_fill(&gic, 0, lrs, LRS);
		assert_true(lrs[0] & LR_STATE_PENDING);
		route(33, 1);
		assert_false(has_pending(1));                         /* vCPU 0 has it */
		assert_int_equal(vgic_collect(&gic, 0, lrs, LRS), 2); /* and gives it up */
		assert_false(has_pending(0));
		assert_true(has_pending(1));
		vgic_set_line(&gic, 0, 33, false);
		dist_write(0x284, 4, 2);
		route(33, 0);
	}
}

static void what_is_made_inactive_is_taken_from_the_vcpu_that_has_it(void **state)
{
	(void)state;
	open_all();
	assert_int_equal(dist_write(0x304, 4, 2) & 1, 1);
	route(33, 1);
	vgic_fill(&gic, 0, lrs, LRS);
	assert_int_equal(lr_id(0), 33);
	vgic_collect(&gic, 0, lrs, LRS);
	assert_int_equal(dist_write(0x384, 4, 2) & 3, 3);
	assert_int_equal(dist_read(0x304, 4), 0);
}

static void a_narrow_write_is_what_its_size_says(void **state)
{
	(void)state;
	assert_int_equal(dist_write(0x6000 + 8 * 33, 4, 0xFFFFFFFF00000001), 3);
	assert_int_equal(dist_read(0x6000 + 8 * 33, 8), 1);
}

static void an_edge_is_presented_once_also_when_it_comes_again_meanwhile(void **state)
{
	(void)state;
	open_all();
	vgic_pulse(&gic, 0, 3);
	vgic_fill(&gic, 0, lrs, LRS);
	assert_int_equal(lr_id(0), 3);
	lrs[0] = (lrs[0] & ~LR_STATE_PENDING) | LR_STATE_ACTIVE;
	vgic_pulse(&gic, 0, 3); /* again, while the guest handles the first */
	vgic_collect(&gic, 0, lrs, LRS);
	vgic_fill(&gic, 0, lrs, LRS);
	assert_int_equal(lrs[0] >> 62, 3); /* pending and active */
	lrs[0] = 0;
	gic.cpus[0].irqs[3].in_lr = false;
	gic.cpus[0].irqs[3].active = false;
	vgic_fill(&gic, 0, lrs, LRS);
	assert_int_equal(lrs[0], 0);
}

static void the_highest_priorities_come_first_and_the_rest_is_told(void **state)
{
	(void)state;
	open_all();
	for (unsigned i = 0; i < 8; i++)
		redist_write(0, 0x10400 + i * 4, 0x80808080);
	redist_write(0, 0x10404, 0x80108080); /* SGI 6 above the others */
	for (unsigned i = 0; i < 7; i++)
		vgic_pulse(&gic, 0, i);
	assert_true(vgic_fill(&gic, 0, lrs, LRS));
	assert_int_equal(lr_id(0), 6);
	assert_int_equal(lr_id(1), 0);
	for (unsigned i = 0; i < LRS; i++)
		lrs[i] &= MASK(31, 0); /* all ended */
	vgic_collect(&gic, 0, lrs, LRS);
	assert_false(vgic_fill(&gic, 0, lrs, LRS));
	assert_int_equal(lr_id(0), 3);
	assert_int_equal(lr_id(2), 5);
	assert_int_equal(lrs[3], 0);
}

static void the_timer_is_tied_to_the_physical_one(void **state)
{
	(void)state;
	open_all();
	assert_false(vgic_timer_in_flight(&gic, 0));
	vgic_pulse(&gic, 0, VGIC_VTIMER);
	vgic_fill(&gic, 0, lrs, LRS);
	assert_true(lrs[0] & LR_HW);
	assert_int_equal(FIELD(lrs[0], 41, 32), VGIC_VTIMER);
	assert_true(vgic_timer_in_flight(&gic, 0));
	vgic_collect(&gic, 0, lrs, LRS); /* not taken: stays */
	assert_true(vgic_timer_in_flight(&gic, 0));
	vgic_fill(&gic, 0, lrs, LRS);
	lrs[0] &= MASK(61, 0); /* ended by the guest */
	vgic_collect(&gic, 0, lrs, LRS);
	assert_false(vgic_timer_in_flight(&gic, 0));
}

static void software_interrupts_reach_those_that_are_named(void **state)
{
	(void)state;
	open_all();
	assert_int_equal(vgic_send_sgi(&gic, 0, 5ull << 24 | 2, true), 2);
	assert_true(has_pending(1));
	assert_false(has_pending(0));
	assert_int_equal(vgic_send_sgi(&gic, 1, 6ull << 24 | BIT(40), true), 1);
	/* vCPUs that do not exist, other clusters, the other group. */
	assert_int_equal(vgic_send_sgi(&gic, 0, 6ull << 24 | 0xFFFC, true), 0);
	assert_int_equal(vgic_send_sgi(&gic, 0, 6ull << 24 | 3 | BIT(16), true), 0);
	assert_int_equal(vgic_send_sgi(&gic, 0, 6ull << 24 | 3 | BIT(32), true), 0);
	assert_int_equal(vgic_send_sgi(&gic, 0, 6ull << 24 | 3 | BIT(44), true), 0);
	assert_int_equal(vgic_send_sgi(&gic, 0, 6ull << 24 | 3, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identification_says_gicv3_with_64_interrupts, setup),
		cmocka_unit_test_setup(enable_and_disable_change_only_the_bits_written, setup),
		cmocka_unit_test_setup(priorities_are_bytes_and_keep_five_bits, setup),
		cmocka_unit_test_setup(accesses_that_no_register_allows_are_harmless, setup),
		cmocka_unit_test_setup(an_interrupt_needs_pending_enable_and_group, setup),
		cmocka_unit_test_setup(a_level_is_presented_until_its_line_falls, setup),
		cmocka_unit_test_setup(
			a_level_that_is_also_written_to_be_pending_stays_until_it_is_taken, setup),
		cmocka_unit_test_setup(an_interrupt_stays_with_the_vcpu_that_took_it, setup),
		cmocka_unit_test_setup(an_interrupt_that_was_not_taken_goes_where_it_is_routed,
				       setup),
		cmocka_unit_test_setup(what_is_made_inactive_is_taken_from_the_vcpu_that_has_it,
				       setup),
		cmocka_unit_test_setup(a_narrow_write_is_what_its_size_says, setup),
		cmocka_unit_test_setup(an_edge_is_presented_once_also_when_it_comes_again_meanwhile,
				       setup),
		cmocka_unit_test_setup(the_highest_priorities_come_first_and_the_rest_is_told,
				       setup),
		cmocka_unit_test_setup(the_timer_is_tied_to_the_physical_one, setup),
		cmocka_unit_test_setup(software_interrupts_reach_those_that_are_named, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
