# SPDX-License-Identifier: BSD-2-Clause
global-incdirs-y += . .. ../../bench
srcs-y += linger_ta.c
srcs-y += fault.c
srcs-y += hold.S
