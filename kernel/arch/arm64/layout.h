/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's map and the offsets that assembly needs. Included by C and assembly.
 *
 *   TTBR1, 39 bits, never changes with the caller:
 *     KERNEL_LINEAR  + pa     all secure RAM; the image's sections with their own rights (W^X)
 *     KERNEL_FIXMAP           devices, one window per CPU for guest memory, the CPUs' stacks
 *     KERNEL_STACKS           stacks of calls: slots of 16 KiB, 12 KiB above a guard page
 *
 *   TTBR0, 30 bits: the identity page (at every exit to EL3) or a trusted app. Its root is one
 *   level-2 table, so the image must lie below 1 GiB.
 */
#ifndef ARCH_ARM64_LAYOUT_H
#define ARCH_ARM64_LAYOUT_H

/* clang-format off */
#define KERNEL_T0SZ             34
#define KERNEL_T1SZ             25

#define KERNEL_LINEAR           0xFFFFFF8000000000
#define KERNEL_FIXMAP           0xFFFFFF8040000000
#define KERNEL_STACKS           0xFFFFFF8041000000

/* Pages of the fixmap: room for CPU_MAX CPUs in two level-3 tables. */
#define FIXMAP_TABLES           2
#define FIXMAP_UART             0
#define FIXMAP_GICD             2
#define FIXMAP_GICR             64      /* + 2 * CPU: RD frame, SGI frame */
#define FIXMAP_WINDOW           192     /* + 2 * CPU: guest memory while it is copied */
#define FIXMAP_CPU_STACKS       512     /* + 8 * CPU: guard, 4 entry, guard, 2 fault */
#define FIXMAP_CPU_STRIDE       8
#define FIXMAP_ENTRY_STACK      1
#define ENTRY_STACK_PAGES       4
#define FIXMAP_FAULT_STACK      6
#define FAULT_STACK_PAGES       2

/* struct cpu */
#define CPU_ENTRY_STACK         0
#define CPU_FAULT_STACK         8
#define CPU_SCRATCH             16
#define CPU_IDMAP_TTBR          32
#define CPU_MPIDR               40
#define CPU_FP_NW_SAVED         48
#define CPU_STRIDE              640

/* struct user_context */
#define USER_X                  0
#define USER_SP                 248
#define USER_PC                 256
#define USER_PSTATE             264
#define USER_TPIDR              272

/* struct trap_frame */
#define FRAME_SP                248
#define FRAME_ELR               256
#define FRAME_SPSR              264
#define FRAME_ESR               272
#define FRAME_FAR               280
#define FRAME_SIZE              288

/* What made EL0 stop: user_enter()'s result. */
#define USER_STOP_SYNC          0
#define USER_STOP_IRQ           1
#define USER_STOP_FIQ           2
#define USER_STOP_SERROR        3
/* clang-format on */

#endif
