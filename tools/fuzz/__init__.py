# SPDX-License-Identifier: BSD-2-Clause
"""`tenon fuzz`: libFuzzer against the kernel and the mediator, as Linux processes."""
