"""Files from the network, kept in a folder, checked against their hashes, and taken out of archives with care."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from typing import Any

from kerata.core.types import Path
from kerata.utils.progress_bar import Progbar, tell

_HASHES = {"sha256": 64, "md5": 32}
_BLOCK = 1 << 20
_TIMEOUT = 60  # seconds without a byte


def get_file(
    fname: Path | None = None,
    origin: Any = None,
    untar: bool = False,
    md5_hash: Any = None,
    file_hash: Any = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str = "auto",
    cache_dir: Any = None,
    force_download: bool = False,
) -> Any:
    """The path of a file that is downloaded if it isn't there already.

    Args:
        fname: the file's name; the last part of `origin` if None.
        origin: its address.
        untar: the older name of `extract`.
        md5_hash: the older name of `file_hash`, for MD5.
        file_hash: the file's SHA-256 or MD5 in hexadecimal. A file that doesn't match is downloaded again.
        cache_subdir: the folder inside `cache_dir`, or a whole path.
        hash_algorithm: "sha256", "md5", or "auto", by the hash's length.
        extract: whether the file is a tar or zip archive to be unpacked. The path is then that of the folder: `fname` with
            the archive beside it as `fname_archive`, or, where `fname` was given with an ending, `name_extracted`.
        archive_format: "tar", "zip", a list of them, or "auto" for both.
        cache_dir: `$KERAS_HOME`, else `~/.keras`, if None.
        force_download: whether a file that is there is downloaded all the same.

    A file appears under its name only when it is complete and its hash is right. Archives with members that would land
    outside their folder, or that are neither files, folders nor links inside it, are refused.

    Returns: the path as a text.

    Raises: ValueError for arguments that say too little, a hash that doesn't match, or an archive that can't be unpacked;
    OSError with the address for a download that fails.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "words.txt").write_text("one two")  # there already: nothing is downloaded
    ...     path = get_file(origin="https://example.org/words.txt", cache_dir=folder, cache_subdir=".")
    ...     pathlib.Path(path).read_text()
    'one two'
    """
    fname, given = _checked_name(fname, origin)
    digest = _checked_hash(file_hash or md5_hash, "md5" if md5_hash and not file_hash else hash_algorithm)
    folder = _folder(cache_dir, cache_subdir)
    if untar and not extract:
        extract, archive_format = True, "tar"
    formats = _formats(archive_format) if extract else ()
    target = extracted = folder / fname
    if extract and given and "." in fname:
        extracted = folder / (fname[: fname.index(".", 1)] + "_extracted")
    elif extract:
        target = folder / (fname + "_archive")
    fresh = force_download or not target.exists() or (digest is not None and _hash(target, digest[0]) != digest[1])
    if fresh:
        if target.exists() and not force_download:
            tell(f"{target} does not have the expected {digest[0]} hash, so it is downloaded again.")
        _download(origin, target, digest)
    if extract and (fresh or not extracted.is_dir()):
        _extract(target, extracted, formats)
    return str(extracted)


def _checked_name(fname, origin):
    """The file's name, and whether it was given."""
    if not origin:
        raise ValueError("get_file needs origin, the file's address.")
    if fname is not None:
        name = os.fspath(fname)
        if (
            not name
            or name in (".", "..")
            or pathlib.PurePosixPath(name).name != name
            or pathlib.PureWindowsPath(name).name != name
        ):
            raise ValueError(f"fname is a name without folders; {name!r} came. Give the folder as cache_dir or cache_subdir.")
        return name, True
    name = os.path.basename(urllib.parse.unquote(urllib.parse.urlsplit(origin).path))
    if not name or name in (".", ".."):
        raise ValueError(f"{origin!r} ends in no file's name: give fname.")
    return name, False


def _checked_hash(value, algorithm):
    """The algorithm and the hash, None without one."""
    if algorithm not in (*_HASHES, "auto"):
        raise ValueError(f"hash_algorithm is 'sha256', 'md5' or 'auto'; {algorithm!r} came.")
    if value is None:
        return None
    value = str(value).lower()
    fitting = [name for name, length in _HASHES.items() if len(value) == length and algorithm in (name, "auto")]
    if not fitting or set(value) - set("0123456789abcdef"):
        raise ValueError(f"A hash has 64 (SHA-256) or 32 (MD5) hexadecimal digits; {value!r} came for {algorithm!r}.")
    return fitting[0], value


def _formats(archive_format):
    given = [archive_format] if isinstance(archive_format, str) else list(archive_format or [])
    formats = ["tar", "zip"] if given == ["auto"] else given
    if not formats or set(formats) - {"tar", "zip"}:
        raise ValueError(f"archive_format is 'tar', 'zip' or 'auto'; {archive_format!r} came.")
    return formats


def cache_folder(cache_dir=None):
    """The folder of files that are kept: `$KERAS_HOME`, else `~/.keras`."""
    return pathlib.Path(cache_dir or os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def _folder(cache_dir, cache_subdir):
    folder = cache_folder(cache_dir) / os.fspath(cache_subdir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        if cache_dir is not None:
            raise
    folder = pathlib.Path(tempfile.gettempdir()) / ".keras" / os.fspath(cache_subdir)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _hash(path, algorithm):
    if path.is_dir():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _download(origin, target, digest):
    """Download to a file beside the target, which takes its place when it is right."""
    tell(f"Downloading data from {origin}")
    handle, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".part", dir=target.parent)
    temporary = pathlib.Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _fetch(origin, file)
        if digest is not None and (found := _hash(temporary, digest[0])) != digest[1]:
            raise ValueError(f"{origin}: the file's {digest[0]} hash is {found}; {digest[1]} was expected. It is not kept.")
        temporary.chmod(0o644)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _fetch(origin, file):
    try:
        with urllib.request.urlopen(origin, timeout=_TIMEOUT) as answer:
            length = answer.headers.get("Content-Length")
            total, done = int(length) if length else None, 0
            bar = Progbar(total, unit_name="byte")
            while block := answer.read(_BLOCK):
                file.write(block)
                done += len(block)
                bar.update(done, finalize=done == total)
    except urllib.error.HTTPError as error:
        raise OSError(f"{origin} can't be downloaded: {error.code} {error.reason}.") from None
    except urllib.error.URLError as error:
        raise OSError(f"{origin} can't be downloaded: {error.reason}.") from None
    if total is not None and done != total:
        raise OSError(f"{origin} was cut off after {done} of {total} bytes. Try again.")


def _extract(archive, folder, formats):
    """Unpack into a folder beside, which takes the place of `folder` when it is whole."""
    kind = "tar" if "tar" in formats and tarfile.is_tarfile(archive) else None
    kind = kind or ("zip" if "zip" in formats and zipfile.is_zipfile(archive) else None)
    if kind is None:
        raise ValueError(f"{str(archive)!r} is no archive of the kind {' or '.join(formats)}.")
    fresh = pathlib.Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        _extract_tar(archive, fresh) if kind == "tar" else _extract_zip(archive, fresh)
        fresh.chmod(0o755)
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
        else:
            folder.unlink(missing_ok=True)
        os.replace(fresh, folder)
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(fresh)


def _extract_zip(archive, folder):
    with zipfile.ZipFile(archive) as file:
        for name in file.namelist():
            _check_inside(name, folder, archive)
        file.extractall(folder)


def _extract_tar(archive, folder):
    with tarfile.open(archive) as file:
        for member in file.getmembers():
            _check_inside(member.name, folder, archive)
            if member.issym() or member.islnk():
                base = pathlib.PurePosixPath(member.name).parent if member.issym() else ""
                _check_inside(str(base / pathlib.PurePosixPath(member.linkname) if base else member.linkname), folder, archive)
            elif not (member.isfile() or member.isdir()):
                raise ValueError(f"{str(archive)!r} holds {member.name!r}, which is neither a file nor a folder: not unpacked.")
        safe: dict[str, Any] = (
            {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        )  # Python 3.11.4; without it, as checked above
        try:
            file.extractall(folder, **safe)
        except tarfile.TarError as error:
            raise ValueError(f"{str(archive)!r} can't be unpacked: {error}") from None


def _check_inside(name, folder, archive):
    path = os.path.realpath(folder / name)
    root = os.path.realpath(folder)
    if os.path.isabs(name) or "\\" in name or os.path.commonpath([path, root]) != root:
        raise ValueError(f"{str(archive)!r} holds {name!r}, which would land outside its folder: not unpacked.")
