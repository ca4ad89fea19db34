# SPDX-License-Identifier: BSD-2-Clause
global-incdirs-y += ..
cflags-y += -Wextra
srcs-y += first.c
