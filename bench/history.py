#!/usr/bin/env python3
"""Appends one line to bench/history.jsonl: the date, the commit, and how fast each kernel is on its own."""

import argparse
import datetime
import json
import pathlib
import subprocess

root = pathlib.Path(__file__).resolve().parent.parent
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("striate", nargs="?", default=root / "target/release/striate", help="the binary (default: target/release/striate)")
striate = parser.parse_args().striate


def output(*command):
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


line = {
    "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    "commit": output("git", "describe", "--always", "--dirty").strip(),
    **json.loads(output(striate, "bench", "kernels", "--json")),
}
with open(root / "bench/history.jsonl", "a", encoding="utf-8") as history:
    history.write(json.dumps(line) + "\n")
