"""Holds mypy and pyright to what `user_code.py` says of each line."""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
CODE = HERE / "user_code.py"
BIN = pathlib.Path(sys.executable).parent


def of_pyright():
    """The lines that pyright refuses, with what it says."""
    with tempfile.TemporaryDirectory() as folder:
        settings = pathlib.Path(folder) / "pyrightconfig.json"
        settings.write_text(
            json.dumps({"typeCheckingMode": "standard", "reportUnusedExpression": "none", "include": [str(CODE)]})
        )
        command = [BIN / "basedpyright", "--outputjson", "-p", settings, "--pythonpath", sys.executable]
        result = subprocess.run(command, capture_output=True, text=True)
    found = json.loads(result.stdout)["generalDiagnostics"]
    return {d["range"]["start"]["line"] + 1: d["message"] for d in found if d["severity"] == "error"}


def of_mypy():
    """The lines that mypy refuses, with what it says."""
    command = [sys.executable, "-m", "mypy", "--config-file=", "--follow-imports=silent", "--ignore-missing-imports"]
    result = subprocess.run(
        [*command, "--check-untyped-defs", str(CODE)], capture_output=True, text=True, cwd=HERE.parent.parent
    )
    lines = [line.split(":", 2) for line in result.stdout.splitlines() if ": error:" in line]
    return {int(number): message.strip() for _, number, message in lines}


def main():
    """Print what differs; the exit status says whether anything does."""
    wanted = {i for i, line in enumerate(CODE.read_text().splitlines(), 1) if line.endswith("# refused")}
    wrong = 0
    for tool, refused in (("pyright", of_pyright()), ("mypy", of_mypy())):
        for line in sorted(wanted ^ refused.keys()):
            wrong += 1
            print(f"{CODE.name}:{line}: {tool} ", refused.get(line, "accepts what is wrong"))
        print(
            f"{tool}: {len(refused & wanted if isinstance(refused, set) else wanted & refused.keys())} of {len(wanted)} refused"
        )
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
