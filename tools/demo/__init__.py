# SPDX-License-Identifier: BSD-2-Clause
"""`tenon demo`: guests share the trusted world, and one of them dies again and again."""
