#!/usr/bin/env python3
"""Prints deb-src lines for every distribution source that this machine already uses (one-line and deb822 files)."""
import glob
import re


def one_line(text):
    for line in text.splitlines():
        match = re.match(r"\s*deb(?:-src)?\s+(\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)", line)
        if match:
            options, uri, suite, components = match.groups()
            yield f"deb-src {options or ''}{uri} {suite} {components.strip()}"


def deb822(text):
    for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields = dict(re.findall(r"(?m)^([A-Za-z-]+):[ \t]*(.+)$", stanza))
        if fields.get("Enabled", "yes").lower() == "no" or "URIs" not in fields or "Components" not in fields:
            continue
        options = f"[signed-by={fields['Signed-By'].strip()}] " if "Signed-By" in fields else ""
        for uri in fields["URIs"].split():
            for suite in fields["Suites"].split():
                yield f"deb-src {options}{uri} {suite} {fields['Components'].strip()}"


CODENAME = re.search(r"(?m)^VERSION_CODENAME=(\S+)", open("/etc/os-release", encoding="utf-8").read()).group(1)
lines = []
for path in ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*"))]:
    try:
        text = open(path, encoding="utf-8").read()
    except OSError:
        continue
    found = deb822(text) if path.endswith(".sources") else one_line(text)
    # Other vendors' repositories hold no libbpf and may be out of reach: keep the distribution's own suites.
    lines += [line for line in found if re.search(rf" {CODENAME}[^ ]* ", line)]
print("\n".join(dict.fromkeys(lines)))
