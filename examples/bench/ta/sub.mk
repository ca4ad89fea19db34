# SPDX-License-Identifier: BSD-2-Clause
# the folder that KIND names has the header with UUID and flags
global-incdirs-y += .. $(KIND)
srcs-y += bench_ta.c
