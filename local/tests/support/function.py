#!/usr/bin/env python3
"""A function for the tests: speaks the Runtime API and does what its event says."""
import http.client
import json
import os
import sys
import time

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
log = os.environ.get("TEST_LOG")
script = os.environ.get("TEST_SCRIPT")
served = 0


def post(path, body, headers={}):
    api.request("POST", "/2018-06-01/runtime/" + path, body=json.dumps(body), headers=headers)
    api.getresponse().read()


if os.environ.get("TEST_INIT") == "fail":
    post("init/error", {"errorType": "Runtime.BadConfig", "errorMessage": "no configuration"})
    sys.exit(1)

while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    event = json.loads(answer.read())
    request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    served += 1
    if log:
        with open(log, "a") as file:
            file.write(json.dumps({"function": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "request": request, "event": event}) + "\n")
    if script:
        # One answer after the other, the last again and again: what a run's visits say.
        with open(script) as file:
            answers = json.load(file)
        with open(script, "w") as file:
            json.dump(answers[1:] or answers, file)
        answer = answers[0]
        if "error" in answer:
            event = {"do": "fail", "kind": answer["error"]}
        elif "hang" in answer:
            event = {"do": "hang"}
        else:
            event = {"answer": answer}
    do = event.get("do", "answer") if isinstance(event, dict) else "answer"
    if do == "fail":
        kind = event.get("kind", "Retryable")
        post(f"invocation/{request}/error", {"errorType": kind, "errorMessage": "as told"}, {"Lambda-Runtime-Function-Error-Type": kind})
    elif do == "crash":
        os._exit(3)
    elif do == "exit-after":
        post(f"invocation/{request}/response", {"pid": os.getpid()})
        os._exit(0)
    elif do == "hang":
        time.sleep(600)
    else:
        post(f"invocation/{request}/response", event.get("answer", {"pid": os.getpid(), "served": served, "event": event}))
