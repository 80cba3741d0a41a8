"""The command line: `python -m kerata` or `kerata`."""

import argparse

from kerata.cli.demo import run


def main(arguments=None):
    """Run a command."""
    parser = argparse.ArgumentParser(prog="kerata", description="Keras code of every generation, on every engine.")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="train, evaluate, save, load and predict on built-in handwritten digits")
    demo.add_argument("--epochs", type=int, default=12, help="how long to train (default: 12)")
    options = parser.parse_args(arguments)
    if options.command == "demo":
        run(options.epochs)
    return 0
