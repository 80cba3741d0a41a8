"""Prints the size of the code: a number to watch."""

import ast
import pathlib

ROOT = pathlib.Path(__file__).parent.parent / "src" / "kerata"


def main():
    files = sorted(ROOT.rglob("*.py"))
    lengths = {f: len(f.read_text().splitlines()) for f in files}
    functions = []
    for f in files:
        for node in ast.walk(ast.parse(f.read_text())):
            if isinstance(node, ast.FunctionDef):
                functions.append((node.end_lineno - node.lineno + 1, f"{f.relative_to(ROOT)}:{node.name}"))
    print(f"{len(files)} files, {len(functions)} functions, {sum(lengths.values()):,} lines")
    longest = max(files, key=lengths.get)
    print(
        f"longest file: {longest.relative_to(ROOT)} ({lengths[longest]}); longest function: {max(functions)[1]} ({max(functions)[0]})"
    )


if __name__ == "__main__":
    main()
