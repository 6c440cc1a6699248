"""
Generate the Python code of proto/ below a folder: ``python -m tests.support.protoc .`` (`make proto`).

The result depends on the pinned grpcio-tools and mypy-protobuf alone: node/v1 and federation/v1 are committed, and a test makes them
anew and compares.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import grpc_tools

ROOT = Path(__file__).parents[2]
GENERATED = "*_pb2*.py*"  # entry_pb2.py, entry_pb2.pyi, link_pb2_grpc.py, link_pb2_grpc.pyi


def generate(destination: Path) -> None:
    """
    Write the code of every file of proto/ below *destination*, as node/v1/... and federation/v1/...

    Raises:
        RuntimeError: protoc refused; the message is what it said.
    """
    sources = sorted((ROOT / "proto").rglob("*.proto"))
    outputs = [f"--{kind}_out={destination}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"-I{ROOT / 'proto'}",
        f"-I{well_known}",
        *_plugins(),
        *outputs,
        *map(str, sources),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(run.stderr)


def generated_files(root: Path) -> dict[str, bytes]:
    """The generated files below *root*, by path."""
    found = (path for package in ("node/v1", "federation/v1") for path in (root / package).glob(GENERATED))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def _plugins() -> list[str]:
    # protoc looks for plugins on the PATH; they lie beside the interpreter, whose folder need not be on it.
    beside = str(Path(sys.executable).parent)
    return [f"--plugin={name}={shutil.which(name, path=beside)}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]


if __name__ == "__main__":
    destination = Path(sys.argv[1])
    for stale in generated_files(destination):
        (destination / stale).unlink()
    generate(destination)
