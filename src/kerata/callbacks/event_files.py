"""TensorBoard's event files: protocol buffers in TFRecord framing, written without TensorFlow.

Source: `event.proto`, `summary.proto` and the TFRecord format of TensorFlow; CRC-32C, RFC 3720, appendix B.4.
"""

import functools
import os
import pathlib
import socket
import struct
import time
import zlib

import numpy as np

_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5


@functools.cache
def _table():
    """The checksum's change for each byte."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


def masked_crc32c(data):
    """The CRC-32C of some bytes, rotated and shifted as TFRecord files have it.

    >>> hex(masked_crc32c(b"123456789"))
    '0xc78ab0e5'
    """
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(value):
    value &= 0xFFFFFFFFFFFFFFFF
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*result, value])


def _field(number, kind, value):
    """One field of a protocol buffer."""
    key = _varint(number << 3 | kind)
    if kind == _VARINT:
        return key + _varint(value)
    if kind == _DOUBLE:
        return key + struct.pack("<d", value)
    if kind == _FLOAT:
        return key + struct.pack("<f", value)
    return key + _varint(len(value)) + value


def scalar(value):
    """A number's part of a summary."""
    return _field(2, _FLOAT, value)


def histogram(values, buckets=30):
    """The part of a summary that tells how values are distributed.

    Args:
        values: an array; what is not finite is left out.
        buckets: the number of intervals of equal width.
    """
    values = np.asarray(values, "float64").ravel()
    values = values[np.isfinite(values)]
    values = values if values.size else np.zeros(1)
    counts, edges = np.histogram(values, buckets)
    numbers = (values.min(), values.max(), values.size, values.sum(), (values * values).sum())
    content = b"".join(_field(i, _DOUBLE, float(x)) for i, x in enumerate(numbers, 1))
    content += _field(6, _BYTES, edges[1:].astype("<f8").tobytes()) + _field(7, _BYTES, counts.astype("<f8").tobytes())
    return _field(5, _BYTES, content)


def image(pixels):
    """A picture's part of a summary.

    Shapes: (height, width, channels) in uint8, with 1, 3 or 4 channels.
    """
    height, width, channels = pixels.shape
    sizes = _field(1, _VARINT, height) + _field(2, _VARINT, width) + _field(3, _VARINT, channels)
    return _field(4, _BYTES, sizes + _field(4, _BYTES, png(pixels)))


def png(pixels):
    """A PNG file's bytes.

    Shapes: (height, width, channels) in uint8, with 1, 3 or 4 channels.
    Source: "Portable Network Graphics Specification", ISO/IEC 15948.
    """
    height, width, channels = pixels.shape
    colour = {1: 0, 3: 2, 4: 6}[channels]
    rows = np.concatenate([np.zeros((height, 1), "uint8"), pixels.reshape(height, -1)], 1).tobytes()

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class EventWriter:
    """An event file in a folder, made when the first event is written.

    Args:
        folder: where; made if it isn't there.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._file = None

    def write(self, tag, value, step):
        """Write a summary: what `scalar`, `histogram` or `image` returns, under a name."""
        entry = _field(1, _BYTES, _field(1, _BYTES, tag.encode()) + value)
        self._record(_field(2, _VARINT, int(step)) + _field(5, _BYTES, entry))

    def _record(self, content):
        if self._file is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            name = f"events.out.tfevents.{time.time():017.6f}.{socket.gethostname()}.{os.getpid()}"
            self._file = (self.folder / name).open("ab")
            self._record(_field(3, _BYTES, b"brain.Event:2"))
        data = _field(1, _DOUBLE, time.time()) + content
        length = struct.pack("<Q", len(data))
        checks = [struct.pack("<I", masked_crc32c(part)) for part in (length, data)]
        self._file.write(length + checks[0] + data + checks[1])

    def flush(self):
        """Let readers see what was written."""
        if self._file is not None:
            self._file.flush()

    def close(self):
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
