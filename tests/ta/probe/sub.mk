# SPDX-License-Identifier: BSD-2-Clause
global-incdirs-y += . .. ../../../examples/linger
cflags-y += -Wextra
srcs-y += entry.S
srcs-y += main.c
srcs-y += report.c
srcs-y += fault.c
srcs-y += memory.c
srcs-y += calls.c
srcs-y += pointers.c
srcs-y += nested.c
srcs-y += between.c
srcs-y += system.c
srcs-y += many.c
