# SPDX-License-Identifier: BSD-2-Clause
"""`tenon irqoff`: how long the kernel keeps foreign interrupts masked, measured (I7)."""
