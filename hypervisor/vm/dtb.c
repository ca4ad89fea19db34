/* SPDX-License-Identifier: BSD-2-Clause */
/* The device tree that a guest gets. */
#include <lib/format.h>
#include <lib/random.h>
#include <libfdt.h>
#include <string.h>
#include <vm/internal.h>
#include <vm/vm.h>

#define PHANDLE_GIC   1u
#define PHANDLE_CLOCK 2u
#define SPI           0u
#define PPI           1u
#define LEVEL_HIGH    4u
#define EDGE_RISING   1u
#define UART_HZ       24000000u

/* Nodes are opened and closed in turn; the first error sticks and is looked at once, at the end. */
struct tree {
	void *fdt;
	int error;
};

static void check(struct tree *t, int result)
{
	if (result && !t->error)
		t->error = result;
}

static void begin(struct tree *t, const char *name)
{
	check(t, fdt_begin_node(t->fdt, name));
}

static void end(struct tree *t)
{
	check(t, fdt_end_node(t->fdt));
}

static void put_cells(struct tree *t, const char *name, const uint32_t *cells, unsigned count)
{
	fdt32_t out[16];

	for (unsigned i = 0; i < count; i++)
		out[i] = cpu_to_fdt32(cells[i]);
	check(t, fdt_property(t->fdt, name, out, (int)(count * 4)));
}

#define CELLS(t, name, ...)                                                                        \
	put_cells(t, name, (const uint32_t[]){__VA_ARGS__},                                        \
		  sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void string(struct tree *t, const char *name, const char *value)
{
	check(t, fdt_property_string(t->fdt, name, value));
}

static void flag(struct tree *t, const char *name)
{
	check(t, fdt_property(t->fdt, name, NULL, 0));
}

static void put_chosen(struct tree *t, const struct vm *vm)
{
	uint64_t initrd_end = vm->initrd_at + vm->node->ramdisk.size;
	uint8_t seed[64];

	begin(t, "chosen");
	string(t, "bootargs", vm->node->bootargs);
	string(t, "stdout-path", "/pl011@9000000");
	if (vm->initrd_at) {
		CELLS(t, "linux,initrd-start", (uint32_t)(vm->initrd_at >> 32),
		      (uint32_t)vm->initrd_at);
		CELLS(t, "linux,initrd-end", (uint32_t)(initrd_end >> 32), (uint32_t)initrd_end);
	}
	random_fill(seed, sizeof(seed));
	check(t, fdt_property(t->fdt, "kaslr-seed", seed, 8));
	random_fill(seed, sizeof(seed));
	check(t, fdt_property(t->fdt, "rng-seed", seed, sizeof(seed)));
	memset(seed, 0, sizeof(seed));
	end(t);
}

static void put_cpus(struct tree *t, const struct vm *vm)
{
	char name[16];

	begin(t, "cpus");
	CELLS(t, "#address-cells", 1);
	CELLS(t, "#size-cells", 0);
	for (uint32_t i = 0; i < vm->node->cpus; i++) {
		str_format(name, sizeof(name), "cpu@%u", i);
		begin(t, name);
		string(t, "device_type", "cpu");
		string(t, "compatible", "arm,armv8");
		string(t, "enable-method", "psci");
		CELLS(t, "reg", i);
		end(t);
	}
	end(t);
	begin(t, "psci");
	check(t, fdt_property(t->fdt, "compatible", "arm,psci-1.0\0arm,psci-0.2", 26));
	string(t, "method", "hvc");
	end(t);
}

static void put_interrupts(struct tree *t, const struct vm *vm)
{
	begin(t, "intc@8000000");
	string(t, "compatible", "arm,gic-v3");
	CELLS(t, "#interrupt-cells", 3);
	flag(t, "interrupt-controller");
	CELLS(t, "reg", 0, 0x08000000, 0, 0x10000, 0, 0x080A0000, 0, 0x20000 * vm->node->cpus);
	CELLS(t, "phandle", PHANDLE_GIC);
	end(t);
	begin(t, "timer");
	string(t, "compatible", "arm,armv8-timer");
	flag(t, "always-on");
	CELLS(t, "interrupts", PPI, 13, LEVEL_HIGH, PPI, 14, LEVEL_HIGH, PPI, 11, LEVEL_HIGH, PPI,
	      10, LEVEL_HIGH);
	end(t);
}

static void put_uart(struct tree *t)
{
	begin(t, "apb-pclk");
	string(t, "compatible", "fixed-clock");
	CELLS(t, "#clock-cells", 0);
	CELLS(t, "clock-frequency", UART_HZ);
	string(t, "clock-output-names", "clk24mhz");
	CELLS(t, "phandle", PHANDLE_CLOCK);
	end(t);
	begin(t, "pl011@9000000");
	check(t, fdt_property(t->fdt, "compatible", "arm,pl011\0arm,primecell", 24));
	CELLS(t, "reg", 0, 0x09000000, 0, 0x1000);
	CELLS(t, "interrupts", SPI, 1, LEVEL_HIGH);
	CELLS(t, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
	check(t, fdt_property(t->fdt, "clock-names", "uartclk\0apb_pclk", 17));
	end(t);
}

static void put_memory(struct tree *t, const struct vm *vm)
{
	uint64_t size = vm->node->memory_kib * 1024;

	begin(t, "memory@40000000");
	string(t, "device_type", "memory");
	CELLS(t, "reg", 0, (uint32_t)VM_RAM_BASE, (uint32_t)(size >> 32), (uint32_t)size);
	end(t);
}

static void put_tee(struct tree *t)
{
	begin(t, "firmware");
	begin(t, "optee");
	string(t, "compatible", "linaro,optee-tz");
	string(t, "method", "smc");
	CELLS(t, "interrupts", SPI, VM_TEE_INTID - VGIC_PRIVATE, EDGE_RISING);
	end(t);
	end(t);
}

uint64_t vm_dtb_build(const struct vm *vm, void *buf, uint64_t size)
{
	struct tree t = {buf, 0};

	check(&t, fdt_create(buf, (int)size));
	check(&t, fdt_finish_reservemap(buf));
	begin(&t, "");
	CELLS(&t, "#address-cells", 2);
	CELLS(&t, "#size-cells", 2);
	CELLS(&t, "interrupt-parent", PHANDLE_GIC);
	string(&t, "compatible", "linux,dummy-virt");
	string(&t, "model", vm->node->name);
	put_chosen(&t, vm);
	put_memory(&t, vm);
	put_cpus(&t, vm);
	put_interrupts(&t, vm);
	put_uart(&t);
	if (vm->tee)
		put_tee(&t);
	end(&t);
	check(&t, fdt_finish(buf));
	return t.error ? 0 : fdt_totalsize(buf);
}
