# SPDX-License-Identifier: BSD-2-Clause
"""`tenon ta-test`: a trusted app in the kernel's host build, with a scripted client."""
