# SPDX-License-Identifier: BSD-2-Clause
"""`tenon stress`: kills in every state of a call, beside survivors that check every result."""
