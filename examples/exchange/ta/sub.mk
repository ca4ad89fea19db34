# SPDX-License-Identifier: BSD-2-Clause
# ../../..: abi/shared.h
global-incdirs-y += .. ../../..
srcs-y += exchange_ta.c
