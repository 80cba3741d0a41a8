"""`.keras` files: a zip of three members, read with care."""

import json
import pathlib
import tempfile
import zipfile

MEMBERS = ("metadata.json", "config.json", "model.weights.h5")
MAX_JSON = 256 * 1024**2
MAX_RATIO = 1000


def check_members(archive):
    """Raises: ValueError for a zip that is no `.keras` file, or tries to be more than one."""
    names = [info.filename for info in archive.infolist()]
    for name in names:
        if name.startswith("assets/") and not any(bad in name for bad in ("..", "\\", "\0", ":")):
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


MAX_ASSET = 4 * 1024**3


def write_assets(archive, layers):
    """Write what layers keep in files of their own; `layers` are pairs of path and layer."""
    for path, layer in layers:
        with tempfile.TemporaryDirectory(prefix="kerata-") as folder:
            layer.save_assets(folder)
            for file in sorted(pathlib.Path(folder).rglob("*")):
                if file.is_file():
                    archive.write(file, "/".join(["assets", *path.split("/"), *file.relative_to(folder).parts]))


def read_assets(archive, layers):
    """Give layers the files that they wrote.

    Raises: ValueError if a file is too large.
    """
    for path, layer in layers:
        start = f"assets/{path}/"
        with tempfile.TemporaryDirectory(prefix="kerata-") as folder:
            for info in archive.infolist():
                if info.filename.startswith(start) and not info.is_dir():
                    if info.file_size > MAX_ASSET:
                        raise ValueError(f"{info.filename!r} is larger than {MAX_ASSET} bytes; it is not read.")
                    target = pathlib.Path(folder, *info.filename[len(start) :].split("/"))
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(info))
            layer.load_assets(folder)


def write(path, config, metadata, weights, layers=()):
    """Write a `.keras` file from two dicts, the bytes of the weights, and layers that have files of their own."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps(metadata))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights)
        write_assets(archive, layers)
