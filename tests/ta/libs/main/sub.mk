# SPDX-License-Identifier: BSD-2-Clause
global-incdirs-y += . .. ../.. ../../probe
cflags-y += -Wextra
srcs-y += libs_ta.c
srcs-y += many.c
srcs-y += report.c
