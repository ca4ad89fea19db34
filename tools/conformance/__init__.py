# SPDX-License-Identifier: BSD-2-Clause
"""`tenon conformance`: points of the trusted-app interface, the tests that check them, their results."""
