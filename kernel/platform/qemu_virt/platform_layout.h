/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's virt machine, secure=on: where things are. */
#ifndef PLATFORM_LAYOUT_H
#define PLATFORM_LAYOUT_H

/* clang-format off */
#define SECURE_RAM_BASE     0x0E100000ull   /* the image is loaded at its start */
#define SECURE_RAM_SIZE     0x00F00000ull
#define FIRMWARE_RAM_BASE   0x0E000000ull   /* TF-A's, below ours */

#define DEVICE_TREE_PA      0x40000000ull   /* where the firmware keeps it, … */
#define DEVICE_TREE_ROOM    0x00100000ull   /* … with this much room to grow */

#define UART_PA             0x09040000ull   /* PL011 of the secure world */
#define GICD_PA             0x08000000ull
#define GICR_PA             0x080A0000ull
#define GICR_STRIDE         0x20000ull      /* RD frame and SGI frame, 64 KiB each */

#define SLICE_TIMER_INTID   29              /* CNTPS, a PPI */
#define NOTIFY_INTID        219             /* SPI 187, free on this machine: notifications */
/* clang-format on */

#endif
