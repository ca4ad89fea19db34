# SPDX-License-Identifier: BSD-2-Clause
"""`tenon sim`: the simulator over many seeds."""
