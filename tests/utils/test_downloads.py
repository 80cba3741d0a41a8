"""`get_file`, against a server on this machine."""

import functools
import hashlib
import io
import pathlib
import tarfile
import zipfile

import pytest

from kerata.utils import get_file
from tests.utils import served


@pytest.fixture
def server(tmp_path):
    with served.folder(tmp_path / "www") as running:
        yield running


@pytest.fixture
def get(tmp_path):
    return functools.partial(get_file, cache_dir=tmp_path / "cache")


def write_archive(path, members):
    """A tar or zip archive of `(name, text)`, or `(name, link target, type)` for links in a tar archive."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as file:
            for name, text in members:
                file.writestr(name, text)
        return
    with tarfile.open(path, "w:gz") as file:
        for name, text, *kind in members:
            info = tarfile.TarInfo(name)
            if kind:
                info.type, info.linkname = kind[0], text
                file.addfile(info)
            else:
                info.size = len(text)
                file.addfile(info, io.BytesIO(text.encode()))


def names(folder):
    return sorted(str(p.relative_to(folder)) for p in pathlib.Path(folder).rglob("*"))


def test_a_file_is_downloaded_once(server, get, tmp_path):
    (server.folder / "a.txt").write_text("text")
    path = get("a.txt", server.url + "a.txt")
    assert path == str(tmp_path / "cache" / "datasets" / "a.txt") and pathlib.Path(path).read_text() == "text"
    assert get("a.txt", server.url + "a.txt") == get(origin=server.url + "a.txt?x=1") == path
    assert server.asked == ["/a.txt"]
    get("a.txt", server.url + "a.txt", force_download=True)
    assert len(server.asked) == 2 and names(tmp_path / "cache") == ["datasets", "datasets/a.txt"]


def test_the_folder_follows_the_arguments_and_the_environment(server, tmp_path, monkeypatch):
    (server.folder / "a.txt").write_text("text")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    assert get_file("b", server.url + "a.txt", cache_subdir="x/y") == str(tmp_path / "home/x/y/b")
    assert get_file("b", server.url + "a.txt", cache_subdir=str(tmp_path / "whole")) == str(tmp_path / "whole/b")


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_hashes_are_checked(server, get, algorithm, tmp_path):
    (server.folder / "a.txt").write_text("text")
    right = hashlib.new(algorithm, b"text").hexdigest()
    wrong = hashlib.new(algorithm, b"other").hexdigest()
    with pytest.raises(ValueError, match=f"{right}.*{wrong} was expected"):
        get(origin=server.url + "a.txt", file_hash=wrong)
    assert names(tmp_path / "cache") == ["datasets"]
    path = pathlib.Path(get(origin=server.url + "a.txt", file_hash=right.upper(), hash_algorithm=algorithm))
    path.write_text("damaged")
    assert get(origin=server.url + "a.txt", file_hash=right) == str(path) and path.read_text() == "text"
    with pytest.raises(ValueError, match="expected"):
        get(origin=server.url + "a.txt", file_hash=wrong)
    assert path.read_text() == "text"  # a wrong download does not take the place of a file that is there
    if algorithm == "md5":
        assert get(origin=server.url + "a.txt", md5_hash=right) == str(path)


def test_a_download_that_is_cut_off_leaves_nothing(server, get, tmp_path):
    (server.folder / "a.txt").write_text("text" * 1000)
    server.cut_off_after = 100
    with pytest.raises(OSError, match="cut off after 100 of 4000"):
        get(origin=server.url + "a.txt")
    assert names(tmp_path / "cache") == ["datasets"]
    server.cut_off_after = None
    assert pathlib.Path(get(origin=server.url + "a.txt")).stat().st_size == 4000


def test_a_missing_file_tells_its_address(server, get):
    with pytest.raises(OSError, match="nothing.*404"):
        get(origin=server.url + "nothing")
    with pytest.raises(OSError, match="127.0.0.1:9/x can't be downloaded"):
        get(origin="http://127.0.0.1:9/x")


@pytest.mark.parametrize("ending", [".tar.gz", ".zip"])
@pytest.mark.parametrize(
    "fname, folder, archive",
    [(None, "arch{}", "arch{}_archive"), ("n", "n", "n_archive"), ("n.tar.gz", "n_extracted", "n.tar.gz")],
)
def test_archives_are_unpacked_where_keras_puts_them(server, get, tmp_path, ending, fname, folder, archive):
    write_archive(server.folder / f"arch{ending}", [("f/in.txt", "in"), ("f/g/x.txt", "x")])
    path = get(fname, server.url + f"arch{ending}", extract=True)
    cache = tmp_path / "cache" / "datasets"
    assert path == str(cache / folder.format(ending))
    assert names(path) == ["f", "f/g", "f/g/x.txt", "f/in.txt"]
    assert sorted(p.name for p in cache.iterdir()) == sorted([folder.format(ending), archive.format(ending)])
    assert get(fname, server.url + f"arch{ending}", extract=True) == path and len(server.asked) == 1


def test_untar_is_an_older_name(server, get):
    write_archive(server.folder / "a.tar.gz", [("in.txt", "in")])
    assert names(get("n", server.url + "a.tar.gz", untar=True)) == ["in.txt"]


def test_links_inside_are_kept(server, get):
    write_archive(server.folder / "a.tar.gz", [("f/in.txt", "in"), ("f/link", "in.txt", tarfile.SYMTYPE)])
    assert (pathlib.Path(get("n", server.url + "a.tar.gz", extract=True)) / "f/link").read_text() == "in"


@pytest.mark.parametrize(
    "ending, member",
    [
        (".tar.gz", ("../out.txt", "x")),
        (".tar.gz", ("/tmp/out.txt", "x")),
        (".tar.gz", ("f/../../out.txt", "x")),
        (".tar.gz", ("link", "../../out.txt", tarfile.SYMTYPE)),
        (".tar.gz", ("link", "/etc/passwd", tarfile.SYMTYPE)),
        (".tar.gz", ("link", "../out.txt", tarfile.LNKTYPE)),
        (".tar.gz", ("pipe", "", tarfile.FIFOTYPE)),
        (".tar.gz", ("device", "", tarfile.CHRTYPE)),
        (".zip", ("../out.txt", "x")),
        (".zip", ("/tmp/out.txt", "x")),
        (".zip", ("..\\out.txt", "x")),
    ],
)
def test_archives_that_reach_outside_are_refused(server, get, tmp_path, ending, member):
    write_archive(server.folder / f"a{ending}", [("good.txt", "good"), member])
    with pytest.raises(ValueError, match="not unpacked"):
        get("n", server.url + f"a{ending}", extract=True)
    assert names(tmp_path / "cache") == ["datasets", "datasets/n_archive"]


def test_what_is_no_archive_raises(server, get):
    (server.folder / "a.txt").write_text("text")
    with pytest.raises(ValueError, match="no archive of the kind tar or zip"):
        get("n", server.url + "a.txt", extract=True)
    write_archive(server.folder / "a.zip", [("in.txt", "in")])
    with pytest.raises(ValueError, match="no archive of the kind tar"):
        get("m", server.url + "a.zip", extract=True, archive_format="tar")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({}, "needs origin"),
        ({"origin": "http://127.0.0.1:9/"}, "give fname"),
        ({"origin": "http://127.0.0.1:9/.."}, "give fname"),
        ({"origin": "http://127.0.0.1:9/a", "fname": "../a"}, "without folders"),
        ({"origin": "http://127.0.0.1:9/a", "fname": "..\\a"}, "without folders"),
        ({"origin": "http://127.0.0.1:9/a", "fname": "/a"}, "without folders"),
        ({"origin": "http://127.0.0.1:9/a", "file_hash": "12"}, "hexadecimal digits"),
        ({"origin": "http://127.0.0.1:9/a", "file_hash": "g" * 64}, "hexadecimal digits"),
        ({"origin": "http://127.0.0.1:9/a", "file_hash": "1" * 64, "hash_algorithm": "md5"}, "hexadecimal digits"),
        ({"origin": "http://127.0.0.1:9/a", "hash_algorithm": "crc"}, "'crc' came"),
        ({"origin": "http://127.0.0.1:9/a", "extract": True, "archive_format": "rar"}, "'rar' came"),
        ({"origin": "http://127.0.0.1:9/a", "extract": True, "archive_format": None}, "None came"),
    ],
)
def test_arguments_are_checked_before_anything_is_asked_for(get, tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        get(**arguments)
    assert not (tmp_path / "cache").exists() or not names(tmp_path / "cache/datasets")
