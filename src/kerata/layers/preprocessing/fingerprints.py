"""Hashes of texts that are the same everywhere: FarmHash's fingerprint, SipHash, and fingerprints of combinations.

Texts of one length are hashed together, as columns of bytes: what the published algorithms say of one text's 64-bit
words is done here with vectors of them.
"""

import numpy as np

# The constants of FarmHash (https://github.com/google/farmhash, namespace farmhashna), large primes.
_K0, _K1, _K2 = (np.uint64(k) for k in (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F))
_CROSSING = np.uint64(0xC6A4A7935BD1E995)


def fingerprints(texts):
    """FarmHash's `Fingerprint64` of each element of an array of bytes, in uint64.

    Source: Pike and Alakuijala, FarmHash (https://github.com/google/farmhash), the fingerprint that never changes.

    >>> fingerprints(np.array([b"kerata"], object)).dtype.name
    'uint64'
    """
    return _by_length(texts, _farmhash)


def keyed_hashes(texts, key):
    """SipHash-2-4 of each element of an array of bytes with a key of two integers, in uint64.

    Source: Aumasson and Bernstein 2012, "SipHash: a fast short-input PRF", https://www.aumasson.jp/siphash/siphash.pdf.

    >>> message = np.array([bytes(range(15))], object)  # the paper's test vector
    >>> hex(int(keyed_hashes(message, (0x0706050403020100, 0x0F0E0D0C0B0A0908))[0]))
    '0xa129ca6149be45e5'
    """
    key = [np.uint64(int(part) % 2**64) for part in key]
    return _by_length(texts, lambda data, length: _siphash(data, length, key))


def combined(first, second):
    """A fingerprint of pairs of fingerprints; their order matters."""
    with np.errstate(over="ignore"):
        result = first ^ _CROSSING
        result ^= _mixed(second * _CROSSING) * _CROSSING
        return _mixed(_mixed(result * _CROSSING) * _CROSSING)


def _by_length(texts, hashed):
    """`hashed(bytes, length)` of all texts, those of one length at once; `bytes` has a column for each place."""
    flat = np.asarray(texts, object).ravel()
    result = np.empty(len(flat), "uint64")
    lengths = np.fromiter(map(len, flat), "int64", len(flat))
    with np.errstate(over="ignore"):
        for length in np.unique(lengths).tolist():
            places = np.nonzero(lengths == length)[0]
            data = np.frombuffer(b"".join(flat[places].tolist()), "uint8").reshape(len(places), length)
            result[places] = hashed(data, length)
    return result.reshape(np.shape(texts))


def _word(data, at, size=8):
    """The little-endian integers that stand at byte `at`."""
    return np.ascontiguousarray(data[:, at : at + size]).view(f"<u{size}")[:, 0].astype("uint64")


def _rotated_right(x, bits):
    return x >> np.uint64(bits) | x << np.uint64(64 - bits)


def _rotated_left(x, bits):
    return _rotated_right(x, 64 - bits)


def _mixed(x):
    return x ^ x >> np.uint64(47)


# FarmHash


def _farmhash(data, length):
    if length <= 16:
        return _farmhash_up_to_16(data, length)
    if length <= 32:
        return _farmhash_up_to_32(data, length)
    return _farmhash_up_to_64(data, length) if length <= 64 else _farmhash_long(data, length)


def _pair(first, second, factor):
    a = _mixed((first ^ second) * factor)
    return _mixed((second ^ a) * factor) * factor


def _farmhash_up_to_16(data, length):
    factor = _K2 + np.uint64(2 * length)
    if length >= 8:
        a, b = _word(data, 0) + _K2, _word(data, length - 8)
        return _pair(_rotated_right(b, 37) * factor + a, (_rotated_right(a, 25) + b) * factor, factor)
    if length >= 4:
        first = np.uint64(length) + (_word(data, 0, 4) << np.uint64(3))
        return _pair(first, _word(data, length - 4, 4), factor)
    if length == 0:
        return np.full(len(data), _K2)
    a, b, c = (data[:, at].astype("uint64") for at in (0, length >> 1, length - 1))
    y, z = a + (b << np.uint64(8)), np.uint64(length) + (c << np.uint64(2))
    return _mixed(y * _K2 ^ z * _K0) * _K2


def _ends(data, length, first_factor, factor):
    """What the hashes of 17 to 64 bytes make of the first and the last 16 bytes."""
    a, b = _word(data, 0) * first_factor, _word(data, 8)
    c, d = _word(data, length - 8) * factor, _word(data, length - 16) * _K2
    y = _rotated_right(a + b, 43) + _rotated_right(c, 30) + d
    return a, y, _pair(y, a + _rotated_right(b + _K2, 18) + c, factor)


def _farmhash_up_to_32(data, length):
    return _ends(data, length, _K1, _K2 + np.uint64(2 * length))[2]


def _farmhash_up_to_64(data, length):
    factor = _K2 + np.uint64(2 * length)
    a, y, z = _ends(data, length, _K2, factor)
    e, f = _word(data, 16) * factor, _word(data, 24)
    g, h = (y + _word(data, length - 32)) * factor, (z + _word(data, length - 24)) * factor
    return _pair(_rotated_right(e + f, 43) + _rotated_right(g, 30) + h, e + _rotated_right(f + a, 18) + g, factor)


def _weak(data, at, a, b):
    """A quick hash of 32 bytes and two numbers, as a pair."""
    a = a + _word(data, at)
    last = _word(data, at + 24)
    b = _rotated_right(b + a + last, 21)
    c = a
    a = a + _word(data, at + 8) + _word(data, at + 16)
    return a + last, b + _rotated_right(a, 44) + c


def _block(data, at, state, factor, weight):
    """One step of 64 bytes; `weight` is 9 in the last, which is mixed more, else 1."""
    x, y, z, v, w = state
    x = _rotated_right(x + y + v[0] + _word(data, at + 8), 37) * factor ^ w[1] * weight
    y = _rotated_right(y + v[1] + _word(data, at + 48), 42) * factor + v[0] * weight + _word(data, at + 40)
    z = _rotated_right(z + w[0], 33) * factor
    v, w = _weak(data, at, v[1] * factor, x + w[0]), _weak(data, at + 32, z + w[1], y + _word(data, at + 16))
    return z, y, x, v, w


def _farmhash_long(data, length):
    seed, zero = np.uint64(81), np.zeros(len(data), "uint64")
    y = seed * _K1 + np.uint64(113)
    state = seed * _K2 + _word(data, 0), y, _mixed(y * _K2 + np.uint64(113)) * _K2, (zero, zero), (zero, zero)
    for at in range(0, (length - 1) // 64 * 64, 64):
        state = _block(data, at, state, _K1, np.uint64(1))
    x, y, z, v, w = state
    factor = _K1 + ((z & np.uint64(0xFF)) << np.uint64(1))
    w = w[0] + np.uint64((length - 1) & 63), w[1]
    v = v[0] + w[0], v[1]
    w = w[0] + v[0], w[1]
    x, y, z, v, w = _block(data, length - 64, (x, y, z, v, w), factor, np.uint64(9))
    return _pair(_pair(v[0], w[0], factor) + _mixed(y) * _K0 + z, _pair(v[1], w[1], factor) + x, factor)


# SipHash


def _siphash(data, length, key):
    whole = length // 8 * 8
    last = np.zeros((len(data), 8), "uint8")
    last[:, : length - whole] = data[:, whole:]
    last[:, 7] = length % 256
    first = [0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573]
    state = [np.full(len(data), np.uint64(word) ^ key[i % 2]) for i, word in enumerate(first)]
    for word in [*(_word(data, at) for at in range(0, whole, 8)), _word(last, 0)]:
        state[3] = state[3] ^ word
        state = _rounds(state, 2)
        state[0] = state[0] ^ word
    state[2] = state[2] ^ np.uint64(0xFF)
    a, b, c, d = _rounds(state, 4)
    return a ^ b ^ c ^ d


def _rounds(state, count):
    a, b, c, d = state
    for _ in range(count):
        a, c = a + b, c + d
        b, d = _rotated_left(b, 13) ^ a, _rotated_left(d, 16) ^ c
        a = _rotated_left(a, 32)
        c, a = c + b, a + d
        b, d = _rotated_left(b, 17) ^ c, _rotated_left(d, 21) ^ a
        c = _rotated_left(c, 32)
    return [a, b, c, d]
