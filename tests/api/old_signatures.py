"""Makes `src/kerata/compat/signatures/*.tsv` from tables of the names and signatures of older versions of Keras.

`python -m tests.api.old_signatures FOLDER`, where the folder has `keras-1.2.2.tsv` and its like: rows of a name, a kind and a
signature. Kept are what programs call: constructors, functions, other names of them, and the methods of models.
"""

import csv
import pathlib
import sys

HERE = pathlib.Path(__file__).parents[2] / "src/kerata/compat/signatures"
VERSIONS = {"keras1": "keras-1.2.2", "keras2": "keras-2.3.1", "tf_keras": "tf-keras-2.21"}
_LEFT_OUT = ("keras.protobuf", "keras.dtensor", "keras.estimator", "keras.engine.training_", "keras.legacy.interfaces")


def rows(file):
    """What a program can call: (name without the package, signature)."""
    with file.open(newline="", encoding="utf-8") as lines:
        for name, kind, signature in csv.reader(lines, delimiter="\t"):
            method = kind == "method" and name.split(".")[-2] in ("Model", "Sequential")
            called = kind.startswith("class") or kind in ("function", "alias") or method
            if called and signature and not name.startswith(_LEFT_OUT):
                yield name.removeprefix("keras."), signature


def main(folder):
    """Write the tables."""
    for generation, version in VERSIONS.items():
        found = dict(rows(pathlib.Path(folder) / f"{version}.tsv"))
        text = "".join(f"{name}\t{signature}\n" for name, signature in sorted(found.items()))
        (HERE / f"{generation}.tsv").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
