"""Run by the Python of .sam: prints a template as SAM gives it to CloudFormation, with every resource that SAM adds."""

import json
import sys
from pathlib import Path

import boto3
from samcli.yamlhelper import yaml_parse  # type: ignore[import-not-found]
from samtranslator.parser.parser import Parser  # type: ignore[import-not-found]
from samtranslator.translator.translator import Translator  # type: ignore[import-not-found]


def transformed(path: Path) -> dict[str, object]:
    template = yaml_parse(path.read_text("utf-8"))
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = "s3://bucket/key"  # SAM transforms what was uploaded
    session = boto3.Session(region_name="eu-central-1")
    found: dict[str, object] = Translator({}, Parser(), boto_session=session).translate(template, {})
    return found


if __name__ == "__main__":
    json.dump(transformed(Path(sys.argv[1])), sys.stdout)
