"""Import one function as Lambda does and print what that loaded; nothing goes over a network, and moto is not here.

python probe.py <function>  # its environment is set by the caller
"""

import importlib
import json
import sys


def main(function: str) -> None:
    importlib.import_module(f"functions.{function}.app")
    print(json.dumps(sorted(sys.modules)))


main(sys.argv[1])
