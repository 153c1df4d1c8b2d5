#!/usr/bin/env python3
"""Adds to package-lock.json the optional packages of other platforms that it lacks.

npm leaves out what the registry at hand does not offer, and `npm ci` then refuses the lock as incomplete. Run after
each change of a dependency: scripts/complete-lock.py
"""
import json
import pathlib

LOCK = pathlib.Path(__file__).resolve().parent.parent / "package-lock.json"
SYSTEMS = ("android", "darwin", "linux", "win32", "freebsd", "openharmony")
PROCESSORS = ("arm64", "x64", "arm", "ppc64", "riscv64", "s390x", "ia32")


def entry(name, version, dev):
    parts = name.split("/")[-1].split("-")
    system = next(part for part in parts if part in SYSTEMS)
    processor = next(part for part in parts if part in PROCESSORS)
    found = {"version": version, "cpu": [processor], "optional": True, "os": [system]}
    if dev:
        found["dev"] = True
    if system == "linux" and "musl" in name:
        found["libc"] = ["musl"]
    elif system == "linux" and "gnu" in name:
        found["libc"] = ["glibc"]
    return found


lock = json.loads(LOCK.read_text(encoding="utf-8"))
packages = lock["packages"]
present = {path.split("node_modules/")[-1] for path in packages}
for package in list(packages.values()):
    for name, version in package.get("optionalDependencies", {}).items():
        if name not in present:
            packages[f"node_modules/{name}"] = entry(name, version, package.get("dev", False))
            present.add(name)
lock["packages"] = {path: packages[path] for path in sorted(packages)}
LOCK.write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")
