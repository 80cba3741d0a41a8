"""`.keras` files: a zip of three members, read with care."""

import json
import zipfile

MEMBERS = ("metadata.json", "config.json", "model.weights.h5")
MAX_JSON = 256 * 1024**2
MAX_RATIO = 1000


def check_members(archive):
    """Raises: ValueError for a zip that is no `.keras` file, or tries to be more than one."""
    names = [info.filename for info in archive.infolist()]
    for name in names:
        if name.startswith("assets/") and ".." not in name and "\\" not in name and "\0" not in name:
            continue
        if name not in MEMBERS:
            raise ValueError(f"The file has the member {name!r}; a .keras file has {', '.join(MEMBERS)}.")
    if len(set(names)) != len(names):
        raise ValueError("The file has two members of one name.")
    for name in MEMBERS[1:]:
        if name not in names:
            raise ValueError(f"The file has no {name!r}: it is no .keras file.")
    for info in archive.infolist():
        if info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise ValueError(f"{info.filename!r} would grow {MAX_RATIO} times and more on reading: the file is a zip bomb.")


def read_json(archive, name):
    """The JSON of a member.

    Raises: ValueError if it is too large.
    """
    if archive.getinfo(name).file_size > MAX_JSON:
        raise ValueError(f"{name!r} is larger than {MAX_JSON} bytes; it is not read.")
    return json.loads(archive.read(name))


def write(path, config, metadata, weights):
    """Write a `.keras` file from two dicts and the bytes of the weights."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps(metadata))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights)
