# SPDX-License-Identifier: BSD-2-Clause
# ../../..: abi/shared.h
global-incdirs-y += . .. ../../..
cflags-y += -Wextra
srcs-y += herd_ta.c
