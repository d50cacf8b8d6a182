#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the C file that holds the shipped profiles: embed.py FILE.yaml... > shipped.c"""
import pathlib
import sys


def main():
    print("// made by src/profiles/embed.py")
    print('#include "lib/profile.h"\n')
    names = []
    for number, path in enumerate(map(pathlib.Path, sys.argv[1:])):
        octets = path.read_bytes()
        names.append(f'    {{.name = "{path.stem}", .text = text_{number}, .len = {len(octets)}}},')
        values = [str(octet) for octet in octets] + ["0"]
        lines = [", ".join(values[at : at + 24]) for at in range(0, len(values), 24)]
        print(f"static const char text_{number}[] = {{\n    " + ",\n    ".join(lines) + "};")
        assert max(octets) < 128, f"{path} is not ASCII"
    print("\nconst struct pc_shipped pc_shipped_profiles[] = {")
    print("\n".join(names) + "\n    {.name = NULL},\n};")


if __name__ == "__main__":
    main()
