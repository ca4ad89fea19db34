/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments begin at page boundaries: text RX, rodata RO, data and bss RW. */
ENTRY(_start)
SECTIONS
{
	. = HYP_BASE;
	__image_start = .;
	.text : { KEEP(*(.text.boot)) *(.text .text.*) }
	. = ALIGN(4096);
	__rodata_start = .;
	.rodata : { *(.rodata .rodata.*) }
	. = ALIGN(4096);
	__data_start = .;
	.data : { *(.data .data.*) }
	. = ALIGN(4096);
	__bss_start = .;
	.bss (NOLOAD) : { *(.bss .bss.* COMMON) . = ALIGN(4096); }
	__bss_end = .;
	__image_end = .;
	/DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) *(.dynamic) *(.interp) }
}
