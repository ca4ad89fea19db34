#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Signs a file as a trusted app, for tests: with any header, also one that no tool would write.

usage: sign_test.py KEY.pem IN OUT img_type=1 algo=0x70414930 uuid=TEXT version=0
"""
import hashlib
import os
import re
import struct
import sys
import base64
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crypto"))
sys.dont_write_bytecode = True
import ta_key  # noqa: E402

PSS, PKCS1 = 0x70414930, 0x70004830
DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


def private_numbers(path):
    """(modulus, private exponent) of a PKCS#1 or PKCS#8 private key."""
    with open(path, encoding="ascii") as f:
        body = re.search(r"-----BEGIN (?:RSA )?PRIVATE KEY-----(.*?)-----END", f.read(), re.DOTALL)
    parts = ta_key.sequence(base64.b64decode(body.group(1)))
    if parts[1][0] == ta_key.SEQUENCE:  # PKCS#8
        parts = ta_key.sequence(parts[2][1])
    return (int.from_bytes(parts[1][1], "big"), int.from_bytes(parts[3][1], "big"))


def mgf1(seed, size):
    blocks = (size + 31) // 32
    return b"".join(hashlib.sha256(seed + struct.pack(">I", i)).digest() for i in range(blocks))[:size]


def encode(algo, digest, size):
    if algo == PKCS1:
        info = DIGEST_INFO_SHA256 + digest
        return b"\0\1" + b"\xff" * (size - 3 - len(info)) + b"\0" + info
    salt = b"a salt, for tests, of 32 octets."
    check = hashlib.sha256(bytes(8) + digest + salt).digest()
    block = bytes(size - 34 - len(salt)) + b"\1" + salt
    masked = bytes(a ^ b for a, b in zip(block, mgf1(check, len(block))))
    return bytes([masked[0] & 0x7F]) + masked[1:] + check + b"\xbc"


def main():
    key, source, target = sys.argv[1:4]
    options = dict(arg.split("=", 1) for arg in sys.argv[4:])
    img_type, algo = int(options.get("img_type", "1"), 0), int(options.get("algo", hex(PSS)), 0)
    with open(source, "rb") as f:
        image = f.read()
    modulus, exponent = private_numbers(key)
    shdr = struct.pack("<IIIIHH", 0x4F545348, img_type, len(image), algo, 32, 256)
    bootstrap = b""
    if img_type == 1:
        bootstrap = uuid.UUID(options["uuid"]).bytes + struct.pack("<I", int(options.get("version", "0")))
    digest = hashlib.sha256(shdr + bootstrap + image).digest()
    signature = pow(int.from_bytes(encode(algo, digest, 256), "big"), exponent, modulus)
    with open(target, "wb") as f:
        f.write(shdr + digest + signature.to_bytes(256, "big") + bootstrap + image)


if __name__ == "__main__":
    main()
