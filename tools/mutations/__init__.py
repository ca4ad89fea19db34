# SPDX-License-Identifier: BSD-2-Clause
"""`tenon mutations`: do the tests notice what is broken on purpose?"""
