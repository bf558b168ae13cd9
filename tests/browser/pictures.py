#!/usr/bin/env python3
"""./dev docs --screenshots: takes the manual's pictures anew (docs/images), by the test that clicks through it."""

import argparse
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))

import browser  # noqa: E402
from run_folder import RunFolder  # noqa: E402

IMAGES = HERE.parents[1] / "docs" / "images"


def main():
    parser = argparse.ArgumentParser(prog="./dev docs --screenshots")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--vpcd", required=True, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    with RunFolder(asked.build) as folder:
        taken = folder.path / "pictures"
        taken.mkdir()
        scripts = browser.copy_scripts(folder)
        for name, shown, _ in browser.run_file("manual", folder, scripts, asked.vpcd, "", taken):
            if shown:
                raise SystemExit(f"FAILED {name}\n{shown}")
        IMAGES.mkdir(exist_ok=True)
        for picture in sorted(taken.iterdir()):
            shutil.copyfile(picture, IMAGES / picture.name)
            (IMAGES / picture.name).chmod(0o644)
            print(f"docs/images/{picture.name}")


if __name__ == "__main__":
    sys.exit(main())
