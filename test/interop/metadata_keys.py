"""
What a manager 1.4 has in etcd after an import of its metadata files, computed apart from Berth: with PyYAML, and Python's own way to
write numbers. Prints a JSON object: `keys` (below the namespace, per file), and `resolved` (what each alias leads to, or null).

usage: metadata_keys.py DIRECTORY
"""

import json
import sys
from decimal import Decimal
from pathlib import Path

import yaml


def load(name):
    return yaml.safe_load((Path(sys.argv[1]) / name).read_text())


def images(document):
    keys = {}
    for image in document["images"]:
        name = image["name"]
        keys[f"images/{name}"] = "1"
        for slot, amount in image["slots"].items():
            keys[f"images/{name}/{slot}"] = "null" if amount is None else str(Decimal(repr(amount)).quantize(Decimal("0.01")))
        for tag, target in image["tags"]:
            keys[f"images/{name}/tags/{tag}"] = target
            if target[0] == ":":
                keys[f"images/_aliases/{name}:{tag}"] = name + target
    return keys


def aliases(document):
    return {f"images/_aliases/{alias}": target for alias, target in document["aliases"]}


def volumes(document):
    return {
        f"volumes/{volume['name']}/mount/{field}": value for volume in document["volumes"] for field, value in volume["mount"].items()
    }


def resolve(name, keys):
    def chase(name):
        visited = 0
        while f"images/_aliases/{name}" in keys:
            name = keys[f"images/_aliases/{name}"]
            visited += 1
            assert visited < 100, "a circle"
        return name

    found = chase(name)
    if found == name and ":" not in name:
        found = chase(name + ":latest")
    repository, _, tag = found.partition(":")
    return found if f"images/{repository}/tags/{tag}" in keys else None


of_images = images(load("image-metadata.yml"))
of_aliases = aliases(load("image-aliases.yml"))
of_volumes = volumes(load("volumes.yml"))
everything = {**of_images, **of_aliases}
names = [key.removeprefix("images/_aliases/") for key in everything if key.startswith("images/_aliases/")]
names += sorted({name.split(":")[0] for name in names}) + ["nothing", "python:1.0"]
json.dump(
    {
        "keys": {"images": of_images, "aliases": of_aliases, "volumes": of_volumes},
        "resolved": {name: resolve(name, everything) for name in names},
    },
    sys.stdout,
)
