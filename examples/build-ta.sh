#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Builds one trusted app with the OP-TEE development kit: build-ta.sh KIT SOURCE SCRATCH TARGET [VARIABLE=VALUE…]
# The kit signs with its default key; its script needs python3 with the module cryptography.
set -eu
kit=$1 source=$2 scratch=$3 target=$4
shift 4
mkdir -p "$scratch"
log=$scratch/make.log
if ! env -u LDFLAGS -u CFLAGS -u MAKEFLAGS -u MAKELEVEL make -s -C "$source" CROSS_COMPILE=aarch64-linux-gnu- \
	TA_DEV_KIT_DIR="$kit" O="$scratch" PYTHON3="${PYTHON3:-/usr/bin/python3}" "$@" >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
if grep -q 'warning:' "$log"; then
	cat "$log" >&2
	exit 1
fi
# moved, not copied: whoever collects trusted apps from the build directory must find each once
mv -f "$scratch/$(basename "$target")" "$target"
