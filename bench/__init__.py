# SPDX-License-Identifier: BSD-2-Clause
"""`tenon bench`: what calls cost, in instructions, beside the peer."""
