# SPDX-License-Identifier: BSD-2-Clause
"""`tenon symbolize`: names for the places that the report of a dead app gives as UUID + offset."""
