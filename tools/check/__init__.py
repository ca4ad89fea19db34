# SPDX-License-Identifier: BSD-2-Clause
"""`tenon check`: lint, unit tests on the host, tests on booted machines, one sum."""
