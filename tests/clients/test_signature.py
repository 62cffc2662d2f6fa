"""Where our verdict on a signature differs from slack_sdk's, the fixture says so and why. Ours is held by tests/fuzz/tests/signature.rs."""

import json
import pathlib

import pytest
from slack_sdk.signature import SignatureVerifier

FIXTURE = json.loads((pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "signatures.json").read_text(encoding="utf-8"))


class At:
    def __init__(self, second):
        self.second = second

    def now(self):
        return self.second


def verdict(case):
    body = bytes.fromhex(case["body_hex"]) if "body_hex" in case else case["body"].encode()
    # A plain mapping, as web frameworks hand one over: of two headers that differ in case alone, the last one stays.
    headers = dict(case["headers"])
    try:
        good = SignatureVerifier(FIXTURE["secret"], At(case["now"])).is_valid_request(body, headers)
    except (TypeError, UnicodeDecodeError, ValueError):
        return "raises"
    return "accepted" if good else "refused"


@pytest.mark.parametrize("case", FIXTURE["cases"], ids=lambda case: case["name"])
def test_the_verdict_of_slack_sdk_is_the_one_that_is_written_down(case):
    assert verdict(case) == case["slack_sdk"]
    assert (case["ours"] != case["slack_sdk"]) == ("meant" in case), "each difference is meant, and says why"
