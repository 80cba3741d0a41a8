"""A hook of mkdocs that writes the pages: the repository's own texts, the examples, and the API reference.

The reference has one page for each of kerata's files that holds public names. Nothing is written to the disk.
"""

import ast
import csv
import inspect
import pathlib
import re

from mkdocs.structure.files import File

import kerata
from kerata.core.fields import Field

ROOT = pathlib.Path(__file__).parent.parent
TEXTS = {"index.md": "README.md", "architecture.md": "ARCHITECTURE.md", "contributing.md": "CONTRIBUTING.md",
         "changelog.md": "CHANGELOG.md", "benchmarks.md": "benchmarks/RESULTS.md"}  # fmt: skip


def on_files(files, config):
    """Add the pages."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def pages():
    """The text of each page by its path."""
    texts = {path: relinked((ROOT / source).read_text()) for path, source in TEXTS.items()}
    return texts | example_pages() | reference_pages()


def relinked(text):
    """A text of the repository with links that hold on the site; links to other files become plain words."""
    known = {source: path for path, source in TEXTS.items()} | {"RESULTS.md": "benchmarks.md"}

    def link(match):
        label, target = match.groups()
        if target.startswith("http"):
            return match.group()
        if target.startswith("examples"):
            return f"[{label}](examples/index.md)"
        return f"[{label}]({known[target]})" if target in known else label

    return re.sub(r"\[([^\]]*)\]\(([^)]+)\)", link, text)


def example_pages():
    """A page for each example, and one that lists them."""
    texts, rows = {}, []
    for file in sorted((ROOT / "examples").glob("*.py")):
        code = file.read_text()
        about = (ast.get_docstring(ast.parse(code)) or "").strip()
        title = file.stem.replace("_", " ").capitalize()
        rows.append(f"- [{title}]({file.stem}.md): {about.splitlines()[0] if about else ''}")
        texts[f"examples/{file.stem}.md"] = f"# {title}\n\n```python\n{code}```\n"
    return texts | {"examples/index.md": "# Examples\n\n" + "\n".join(rows) + "\n"}


def namespaces():
    """The names of kerata's classes and functions by namespace, with the root last: what Keras has, and its own there."""
    with (ROOT / "tests/api/keras-3.15.1.tsv").open(newline="") as file:
        paths = [row[0] for row in csv.reader(file, delimiter="\t") if row[1] in ("class", "function")]
    found = {}
    for path in [*paths, *(f"keras.{name}" for name in kerata.__all__)]:
        namespace, _, name = path.rpartition(".")
        if namespace.partition(".")[2] != "legacy":
            found.setdefault(namespace, set()).add(name)
    return dict(sorted(found.items(), key=lambda item: (item[0] == "keras", item[0].count("."), item[0])))


def reference_pages():
    """Pages of the reference: for each namespace, one for each file that its names come from."""
    written, texts, index = set(), {}, ["# Reference", "", "Every public name. `keras` stands for `kerata`: both work."]
    for namespace, names in namespaces().items():
        index += ["", f"## {namespace}", ""]
        for stem, found in sorted(by_file(namespace, names, written).items()):
            page = f"{namespace.replace('.', '/')}/{stem}.md"
            written |= {id(value) for value, _ in found}
            texts[f"reference/{page}"] = page_of(namespace, stem, found)
            index.append(f"- [{title_of(stem)}]({page}): {', '.join(f'`{names[0]}`' for _, names in found)}")
        if not index[-1]:
            del index[-3:]
    index += ["", "[The types of arguments](types.md) are told once for all."]
    return texts | {"reference/index.md": "\n".join(index) + "\n", "reference/types.md": types_page()}


def types_page():
    """What the types of arguments mean that the reference names."""
    kinds, stack = {}, [Field]
    while stack:
        for kind in stack.pop().__subclasses__():
            kinds[kind.__name__] = kind
            stack.append(kind)
    rows = [
        f"- `{name}`: {(kind.__doc__ or '').strip().splitlines()[0]}" for name, kind in sorted(kinds.items()) if kind.__doc__
    ]
    return "\n".join(
        ["# Types of arguments", "", "What an argument of such a type may be, and what becomes of it.", "", *rows, ""]
    )


def by_file(namespace, names, written):
    """The classes and functions of a namespace, with all their names there, by the name of the file that holds them."""
    module, found = kerata, {}
    for part in namespace.split(".")[1:]:
        module = getattr(module, part, None)
    for name in sorted(names):
        value = getattr(module, name, None)
        home = getattr(value, "__module__", None) or ""
        ours = (inspect.isclass(value) or inspect.isfunction(value)) and home.startswith("kerata.")
        if ours and id(value) not in written:
            found.setdefault(home.rpartition(".")[2], {}).setdefault(id(value), (value, []))[1].append(name)
    return {stem: [named(*row) for row in rows.values()] for stem, rows in found.items()}


def named(value, names):
    """A value with its names, that of its definition first."""
    return value, sorted(names, key=lambda name: (name != value.__name__, name))


def title_of(stem):
    """A file's name as a heading."""
    return stem.replace("_", " ").capitalize()


def page_of(namespace, stem, found):
    """A page on the names of one file."""
    about = (inspect.getmodule(found[0][0]).__doc__ or "").strip().split("\n\n")[0]
    lines = [f"# {title_of(stem)}", "", about, ""]
    for value, (name, *others) in sorted(found, key=lambda item: item[1][0]):
        path = f"{value.__module__}.{value.__name__}"
        lines += [f"::: {path}", "    options:", f'      heading: "{namespace}.{name}"', ""]
        if others:
            lines += [f"Also as {', '.join(f'`{namespace}.{other}`' for other in others)}.", ""]
    return "\n".join(lines)
