#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Signs a file as a trusted app, for tests: with any header, also one that no tool would write.

usage: sign_test.py KEY.pem IN OUT img_type=1 algo=0x70414930 uuid=TEXT version=0
       [subkey=uuid:TEXT,name:TEXT,name_size:64,version:0,depth:4,algo:0x70414930,attributes:KIND]...
Each subkey option puts one in front of the image; KEY is the key of all of them. KIND: see attributes().
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
MODULUS, EXPONENT = 0xD0000130, 0xD0000230
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


def attributes(kind, modulus):
    """[(id, bytes)] as the development kit writes them (a zero before the modulus), or spoiled."""
    number = (MODULUS, b"\0" + modulus.to_bytes(256, "big"))
    exponent = (EXPONENT, (65537).to_bytes(3, "big"))
    return {
        "good": [number, exponent],
        "swapped": [exponent, number],
        "no_zero": [(MODULUS, number[1][1:]), exponent],
        "many_zeros": [(MODULUS, bytes(700) + number[1]), (EXPONENT, bytes(9) + exponent[1])],
        "missing": [number],
        "three": [number, exponent, exponent],
        "twice": [number, number],
        "twice_exponent": [exponent, exponent],
        "unknown": [number, (0xF0000130, exponent[1])],
        "empty": [(MODULUS, b""), exponent],
        "zeros": [(MODULUS, bytes(257)), exponent],
        "short": [(MODULUS, number[1][:129]), exponent],
        "long": [(MODULUS, b"\1" * 513), exponent],
        "long_exponent": [number, (EXPONENT, b"\1" * 9)],
        "one": [number, (EXPONENT, b"\1")],
        "outside": [number, exponent],
        "far": [number, exponent],
        "wraps": [number, exponent],
    }[kind]


def subkey_body(options, modulus):
    kind = options.get("attributes", "good")
    table, data = b"", b""
    listed = attributes(kind, modulus)
    for ident, value in listed:
        offset = 36 + 12 * len(listed) + len(data)
        if ident == EXPONENT and kind in ("outside", "far", "wraps"):
            offset = {"outside": offset + 1, "far": 0x7fffffff, "wraps": 0xfffffffe}[kind]
        table += struct.pack("<III", ident, offset, len(value))
        data += value
    fixed = [int(options.get(name, default), 0) for name, default in
             (("name_size", "64"), ("version", "0"), ("depth", "4"), ("algo", hex(PSS)))]
    return uuid.UUID(options["uuid"]).bytes + struct.pack("<5I", *fixed, len(listed)) + table + data


def signed(img_type, algo, body, key, covered=None):
    """The signed header of body; covered is what the hash is over if it is more than the body."""
    modulus, exponent = key
    shdr = struct.pack("<IIIIHH", 0x4F545348, img_type, len(body), algo, 32, 256)
    digest = hashlib.sha256(shdr + (covered or body)).digest()
    signature = pow(int.from_bytes(encode(algo, digest, 256), "big"), exponent, modulus)
    return shdr + digest + signature.to_bytes(256, "big")


def subkey(text, key):
    options = dict(part.split(":", 1) for part in text.split(","))
    body = subkey_body(options, key[0])
    name = options.get("name", "").encode()
    head = signed(3, int(options.get("sign", hex(PSS)), 0), body, key)
    return head + body + name.ljust(int(options.get("name_size", "64"), 0), b"\0")


def main():
    key = private_numbers(sys.argv[1])
    source, target = sys.argv[2:4]
    given = [arg.split("=", 1) for arg in sys.argv[4:]]
    options = dict(given)
    img_type, algo = int(options.get("img_type", "1"), 0), int(options.get("algo", hex(PSS)), 0)
    with open(source, "rb") as f:
        image = f.read()
    bootstrap = b""
    if img_type == 1:
        bootstrap = uuid.UUID(options["uuid"]).bytes + struct.pack("<I", int(options.get("version", "0")))
    with open(target, "wb") as f:
        for name, value in given:
            if name == "subkey":
                f.write(subkey(value, key))
        f.write(signed(img_type, algo, image, key, bootstrap + image) + bootstrap + image)


if __name__ == "__main__":
    main()
