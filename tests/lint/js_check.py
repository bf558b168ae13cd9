"""JavaScript as the TypeScript compiler reads it: the pages, the SDK and the browser tests, by the types in
their comments. The SDK stays small."""

import gzip
import json
import re
import subprocess
import tempfile
from pathlib import Path

from sources import files

NPM = Path(__file__).resolve().parents[2] / "build" / "npm" / "node_modules"
SDK = "sdk/ukeyd.js"
SDK_BYTES_MAX = 6144  # minified; every page that uses it loads it
FINDING = re.compile(r"^(.+?)\((\d+),\d+\): error (.+)$", re.MULTILINE)

COMMON = {
    "allowJs": True,
    "checkJs": True,
    "noEmit": True,
    "target": "ES2022",
    "module": "ESNext",
    "moduleResolution": "Bundler",
    "skipLibCheck": True,
    "typeRoots": [str(NPM / "@types")],
}
# Folder -> what its code runs in, and how strictly its types are taken.
PROJECTS = {
    "portal/page/": {"lib": ["ES2023", "DOM", "DOM.Iterable"], "types": [], "strict": True},
    "sdk/": {"lib": ["ES2022", "DOM"], "types": [], "checkJs": False, "skipLibCheck": False},
    "tests/browser/": {"lib": ["ES2022", "DOM", "DOM.Iterable"], "types": ["node"]},
}


def settings(top, folder, sources):
    """A tsconfig of one project. The pages load the SDK from the server's root."""
    paths = {"/sdk/ukeyd.js": [str(top / "sdk/ukeyd.d.ts")]}
    if folder == "tests/browser/":
        paths["*"] = [str(NPM / "*")]
    options = {**COMMON, **PROJECTS[folder], "paths": paths}
    return {"compilerOptions": options, "files": [str(top / name) for name in sources]}


def compile_project(top, folder):
    """What tsc finds in the JavaScript below a folder."""
    sources = [name for name in files(top, ".js", ".mjs", ".d.ts") if name.startswith(folder)]
    if not sources:
        return []
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=NPM.parent) as config:
        json.dump(settings(top, folder, sources), config)
        config.flush()
        words = ["node", NPM / "typescript/bin/tsc", "--pretty", "false", "-p", config.name]
        done = subprocess.run(words, cwd=top, capture_output=True, text=True, check=False)
    found = [f"{name}:{line}: {text}" for name, line, text in FINDING.findall(done.stdout)]
    return found if found or done.returncode == 0 else [f"{folder}: {done.stdout}{done.stderr}"]


def sdk_size(top):
    """The SDK as a page would get it from a packer."""
    if not (top / SDK).exists():
        return []
    words = [NPM / ".bin/esbuild", SDK, "--minify", "--charset=utf8", "--format=esm", "--target=es2022"]
    done = subprocess.run(words, cwd=top, capture_output=True, check=False)
    if done.returncode != 0:
        return [f"{SDK}: {done.stderr.decode()}"]
    size = len(done.stdout)
    if size <= SDK_BYTES_MAX:
        return []
    packed = len(gzip.compress(done.stdout))
    return [f"{SDK}: {size} bytes minified ({packed} with gzip), at most {SDK_BYTES_MAX}"]


def findings(top):
    if not NPM.exists():
        return [f"{NPM} is not there: run ./dev setup"]
    top = Path(top)
    return [finding for folder in PROJECTS for finding in compile_project(top, folder)] + sdk_size(top)
