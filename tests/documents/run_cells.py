"""Runs the cells of one text, with `keras` meaning kerata; prints what each printed, as JSON."""

import ast
import contextlib
import io
import json
import pathlib
import re
import sys
import warnings


def cells_of(path):
    """The cells of a file: lists of (number, code, expected output)."""
    parts = re.split(r"^%% In \[(\d+)\]\n", pathlib.Path(path).read_text(encoding="utf-8"), flags=re.M)[1:]
    for number, body in zip(parts[::2], parts[1::2]):
        code, _, expected = body.partition("%% Out\n")
        yield int(number), code, expected


def run(code, names):
    """Run a cell as a notebook does: the value of a last expression is shown; an error's text ends the output."""
    printed = io.StringIO()
    tree = ast.parse(re.sub(r"^%\w+.*$", "", code, flags=re.M))  # without the commands to the notebook itself
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(tree, "cell", "exec"), names)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
                if value is not None:
                    print(repr(value))
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
    return printed.getvalue()


def main(path, only, prelude):
    import kerata

    warnings.simplefilter("ignore", DeprecationWarning)
    kerata.install_as_keras()
    names = {"__name__": "__main__"}
    exec(prelude, names)
    wanted = {int(n) for n in only.split(",")} if only else None
    print(json.dumps({n: run(code, names) for n, code, _ in cells_of(path) if wanted is None or n in wanted}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3])
