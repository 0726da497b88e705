#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reports the age of the newest copy of each system to CloudWatch. Python 3.9, nothing else.

/etc/bascule-copy-age.json, or the file that is named: {"region": …, "policy": …, "copies": {system: folder of copies},
"states": {system: what the agent of copies says of the last one}, "keys": a file with an access key (without it, the
machine's own role is asked for one), "endpoint": of CloudWatch (without it, the region's)}. All but the first two may
be left out. Where there is no copy nothing is reported: the alarm takes that for the worst.
"""

import configparser
import datetime
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.parse
import urllib.request

NAMESPACE, METRIC = "Bascule", "CopyAge"
# The variables of AWS's own tools.
METADATA = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/")
LIMIT_S = 20


def newest(folder):
    """Return when the newest file below a folder was written, in seconds since the epoch; None when there is none."""
    found = None
    for where, folders, files in os.walk(folder):
        # Locks come and go without any copy being made.
        folders[:] = [name for name in folders if name != "locks"]
        for name in files:
            try:
                at = os.lstat(os.path.join(where, name)).st_mtime
            except FileNotFoundError:
                continue
            found = at if found is None else max(found, at)
    return found


def succeeded(state):
    """Return when the last copy that is whole was begun, in seconds since the epoch; None when there is none."""
    try:
        with open(state, encoding="utf-8") as file:
            return json.load(file).get("ok_at")
    except FileNotFoundError:
        return None


def ask(url, method="GET", headers=None, body=None):
    """Return what a server answers. Raise OSError when it refuses, or after `LIMIT_S`."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
        return answer.read().decode()


def credentials():
    """Return the role's keys of the moment, as the metadata service gives them to this machine alone."""
    token = ask(METADATA + "/latest/api/token", "PUT", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    headers = {"X-aws-ec2-metadata-token": token}
    roles = METADATA + "/latest/meta-data/iam/security-credentials/"
    return json.loads(ask(roles + ask(roles, headers=headers).split()[0], headers=headers))


def written(path):
    """Return the access key of a file of AWS's own form."""
    parser = configparser.ConfigParser(interpolation=None)
    with open(path, encoding="utf-8") as file:
        parser.read_file(file)
    own = parser["default"]
    # AWS's names for the two halves, in the alphabet: the one that says whose it is comes first.
    return dict(zip(("AccessKeyId", "SecretAccessKey"), (own[name] for name in sorted(own))))


def signed(keys, region, host, body, now):
    """Return the headers of a request to CloudWatch, signed with AWS's signature version 4."""
    moment, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": host,
        "x-amz-date": moment,
    }
    if "Token" in keys:
        headers["x-amz-security-token"] = keys["Token"]
    names = ";".join(sorted(headers))
    lines = "".join("%s:%s\n" % (name, headers[name]) for name in sorted(headers))
    canonical = "\n".join(["POST", "/", "", lines, names, hashlib.sha256(body).hexdigest()])
    scope = "/".join([day, region, "monitoring", "aws4_request"])
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + keys["SecretAccessKey"]).encode()
    for part in (day, region, "monitoring", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    who = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s"
    headers["authorization"] = who % (keys["AccessKeyId"], scope, names, signature)
    return headers


def metrics(policy, ages):
    """Return the body of a PutMetricData request; ``ages`` maps a system to seconds."""
    fields = {"Action": "PutMetricData", "Version": "2010-08-01", "Namespace": NAMESPACE}
    for number, (system, age) in enumerate(sorted(ages.items()), 1):
        one = "MetricData.member.%d." % number
        fields.update({one + "MetricName": METRIC, one + "Unit": "Seconds", one + "Value": "%.0f" % age})
        for position, (name, value) in enumerate((("Policy", policy), ("System", system)), 1):
            dimension = one + "Dimensions.member.%d." % position
            fields.update({dimension + "Name": name, dimension + "Value": value})
    return urllib.parse.urlencode(fields).encode()


def main(path):
    """Report once."""
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    made = {system: newest(folder) for system, folder in told.get("copies", {}).items()}
    made.update({system: succeeded(state) for system, state in told.get("states", {}).items()})
    ages = {system: time.time() - at for system, at in made.items() if at is not None}
    if not ages:
        print("no copies to report yet")
        return
    region = told["region"]
    url = told.get("endpoint") or os.environ.get("AWS_ENDPOINT_URL_CLOUDWATCH")
    url = url or "https://monitoring.%s.amazonaws.com" % region
    body = metrics(told["policy"], ages)
    now = datetime.datetime.now(datetime.timezone.utc)
    keys = written(told["keys"]) if told.get("keys") else credentials()
    ask(url, "POST", signed(keys, region, urllib.parse.urlsplit(url).netloc, body, now), body)
    print("reported: " + ", ".join("%s %.0f s" % pair for pair in sorted(ages.items())))


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["/etc/bascule-copy-age.json"]))
