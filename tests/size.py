"""Prints the size of the code, a number to watch: the spine that all stands on, and the extras that stand on it."""

import ast
import pathlib
import tokenize

ROOT = pathlib.Path(__file__).parent.parent / "src" / "kerata"
# What the spine does without: rooms for single purposes.
EXTRAS = (
    "callbacks/orbax*.py",
    "callbacks/tensorboard.py",
    "callbacks/event_files.py",
    "cli/*",
    "compat/*",
    "datasets/*",
    "distillation/*",
    "layers/quantization/calibrat*.py",
    "layers/quantization/float8.py",
    "layers/quantization/lora.py",
    "layers/quantization/quantized_weights.py",
    "layers/foreign*.py",
    "layers/preprocessing/*",
    "legacy/*",
    "models/*quantization.py",
    "ops/boxes.py",
    "preprocessing/*",
    "quantizers/*",
    "saving/file_editor.py",
    "utils/*",
    "visualization/*",
    "wrappers/*",
)
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def code_lines(path):
    """How many lines of a file hold a token that is no comment and no doc string."""
    tree = ast.parse(path.read_text())
    documented = (
        n for n in ast.walk(tree) if isinstance(n, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(n)
    )
    docs = {line for n in documented for line in range(n.body[0].lineno, n.body[0].end_lineno + 1)}
    with path.open("rb") as file:
        tokens = [t for t in tokenize.tokenize(file.readline) if t.type not in _NO_CODE]
    return len({line for t in tokens for line in range(t.start[0], t.end[0] + 1)} - docs)


def main():
    """Print the counts."""
    files = sorted(ROOT.rglob("*.py"))
    sizes = {f: code_lines(f) for f in files}
    extras = sum(size for f, size in sizes.items() if any(f.relative_to(ROOT).match(p) for p in EXTRAS))
    total = sum(sizes.values())
    functions = [
        (node.end_lineno - node.lineno + 1, f"{f.relative_to(ROOT)}:{node.name}")
        for f in files
        for node in ast.walk(ast.parse(f.read_text()))
        if isinstance(node, ast.FunctionDef)
    ]
    longest = max(files, key=lambda f: len(f.read_text().splitlines()))
    print(f"{total:,} code lines: spine {total - extras:,}, extras {extras:,}; {len(files)} files, {len(functions)} functions")
    print(f"longest file: {longest.relative_to(ROOT)}; longest function: {max(functions)[1]} ({max(functions)[0]} lines)")


if __name__ == "__main__":
    main()
