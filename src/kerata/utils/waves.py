"""Sounds from WAVE files: 8, 16, 24 and 32-bit integers and 32 and 64-bit floats."""

import struct

import numpy as np

_INTEGERS, _FLOATS, _EXTENSIBLE = 1, 3, 0xFFFE


def read_wave(path):
    """A WAVE file's samples and its sampling rate.

    Shapes: (time, channels) in float32, -1 to 1.

    Raises: ValueError for a file that is no WAVE file, or is cut off, or in another encoding.
    Source: "Multimedia Programming Interface and Data Specifications 1.0", IBM and Microsoft 1991.
    """
    with open(path, "rb") as file:
        if file.read(4) != b"RIFF" or len(file.read(4)) != 4 or file.read(4) != b"WAVE":
            raise ValueError(f"{str(path)!r} is no WAVE file: it does not begin with RIFF and WAVE.")
        form = None
        while len(header := file.read(8)) == 8:
            kind, size = struct.unpack("<4sI", header)
            if kind == b"fmt ":
                form = _form(file.read(size), path)
            elif kind == b"data" and form is not None:
                encoding, channels, rate, bits = form
                return _samples(file.read(size), encoding, channels, bits), rate
            else:
                file.seek(size, 1)
            file.seek(size % 2, 1)  # chunks begin at even places
    raise ValueError(f"{str(path)!r} is cut off: it has no samples.")


def _form(chunk, path):
    if len(chunk) < 16:
        raise ValueError(f"{str(path)!r} is cut off in its header.")
    encoding, channels, rate, _, _, bits = struct.unpack("<HHIIHH", chunk[:16])
    if encoding == _EXTENSIBLE and len(chunk) >= 26:
        encoding = struct.unpack("<H", chunk[24:26])[0]
    known = {_INTEGERS: (8, 16, 24, 32), _FLOATS: (32, 64)}
    if bits not in known.get(encoding, ()) or not channels:
        raise ValueError(
            f"{str(path)!r} has {bits}-bit samples in encoding {encoding}; integers of 8, 16, 24 or 32 bits and floats of 32 or "
            "64 bits can be read. Convert it to 16-bit integers."
        )
    return encoding, channels, rate, bits


def _samples(data, encoding, channels, bits):
    frame = channels * bits // 8
    data = data[: len(data) // frame * frame]
    if encoding == _FLOATS:
        samples = np.frombuffer(data, f"<f{bits // 8}").astype("float32")
    elif bits == 8:
        samples = (np.frombuffer(data, "u1").astype("float32") - 128) / 128
    elif bits == 24:
        wide = np.zeros((len(data) // 3, 4), "u1")
        wide[:, 1:] = np.frombuffer(data, "u1").reshape(-1, 3)
        samples = (wide.view("<i4")[:, 0] / 2**31).astype("float32")
    else:
        samples = (np.frombuffer(data, f"<i{bits // 8}") / 2.0 ** (bits - 1)).astype("float32")
    return samples.reshape(-1, channels)
