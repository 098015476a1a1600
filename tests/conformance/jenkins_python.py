"""python-jenkins drives the local Jenkins, at its root and below a context path."""

import json
import urllib.request

import jenkins

from start import main, until

JOB = "Containers-Runtime/armada-cruiser-automated-recovery/armada-ha-master-get-info"
ASKED = {"CLUSTERID": "c1u2xo5w0m8s4sandbox", "TUGBOAT": "prod-wdc04-carrier107"}


def told(url, action, **body):
    request = urllib.request.Request(f"{url}/sandbox/jenkins/{action}", json.dumps(body).encode())
    return json.load(urllib.request.urlopen(request))


def state(url):
    return json.load(urllib.request.urlopen(f"{url}/sandbox/jenkins/state"))


def raises(call, kind):
    try:
        call()
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind.__name__}")


def checks(where, base, url):
    secrets = {user["id"]: user for user in state(url)["users"]}
    sign_in = lambda name, kind="token": jenkins.Jenkins(base, name, secrets[name][kind])
    server = sign_in("signpost")

    def item(number):
        return until(lambda: server.get_queue_item(number).get("executable"))

    def ended(job, number):
        until(lambda: not server.get_build_info(job, number)["building"])
        return server.get_build_info(job, number)

    def identity():
        assert server.get_whoami()["id"] == "signpost"
        assert server.get_version() == "2.579"
        assert {one["name"] for one in server.get_jobs()} >= {"Tools", "Platform", "nightly-report"}
        return f"at {base}"

    def definition():
        job = server.get_job_info(JOB)
        assert job["fullName"] == JOB and job["url"].startswith(base)
        known = [one["parameterDefinitions"] for one in job["property"] if "parameterDefinitions" in one][0]
        assert [one["name"] for one in known] == ["BRANCH", "ENV_Branch", "CLUSTERID", "TUGBOAT", "CARRIER_NAME"]
        assert server.job_exists(JOB) and not server.job_exists("Tools/rotate-keys")
        deep = server.get_job_info("Platform/Europe/Frankfurt am Main/collect-node-facts")
        assert deep["buildable"] is True

    def run():
        number = server.build_job(JOB, ASKED)
        build = item(number)["number"]
        info = ended(JOB, build)
        assert (info["result"], info["queueId"]) == ("SUCCESS", number), info
        values = {one["name"]: one["value"] for one in info["actions"][0]["parameters"]}
        assert values == {"BRANCH": "Master", "ENV_Branch": "Master", "CARRIER_NAME": "", **ASKED}, values
        log = server.get_build_console_output(JOB, build)
        assert log.startswith("Started by user Signpost\n") and log.endswith("Finished: SUCCESS\n"), log
        found = server.get_build_artifact_as_bytes(JOB, build, "connector_sl_configMap.log")
        assert b"region: us-east" in found, found

    def queue():
        told(url, "options", quiet_period_ms=600_000)
        number = server.build_job(JOB, {"CLUSTERID": f"{where}-cancelled"})
        assert "quiet period" in server.get_queue_item(number)["why"]
        assert [one["id"] for one in server.get_queue_info()] == [number]
        server.cancel_queue(number)
        assert server.get_queue_item(number)["cancelled"] is True
        assert server.get_queue_info() == []
        told(url, "options", quiet_period_ms=0)

    def stop():
        told(url, "hold")
        build = item(server.build_job(JOB, {"CLUSTERID": f"{where}-stopped"}))["number"]
        assert server.get_build_info(JOB, build)["building"] is True
        server.stop_build(JOB, build)
        assert server.get_build_info(JOB, build)["result"] == "ABORTED"
        told(url, "hold", on=False)

    def password():
        other = sign_in("ada", "password")
        number = other.build_job("nightly-report")
        causes = other.get_queue_item(number)["actions"][-1]["causes"]
        assert causes[0]["userId"] == "ada", causes
        assert other.job_exists("Tools/rotate-keys")

    def refused():
        reader = sign_in("readonly")
        assert "403" in raises(lambda: reader.build_job(JOB, {"CLUSTERID": "x"}), jenkins.JenkinsException)
        wrong = jenkins.Jenkins(base, "ada", "wrong")
        assert "401" in raises(wrong.get_whoami, jenkins.JenkinsException)
        raises(lambda: server.build_job("Tools/rotate-keys"), jenkins.NotFoundException)
        wrong_choice = lambda: server.build_job("Tools/choose-a-mirror", {"REGION": "mars-1"})
        assert "Oops" in raises(wrong_choice, jenkins.JenkinsException)

    return [
        (f"jenkins {where}: version, identity, jobs", identity),
        (f"jenkins {where}: a job's definition, through folders", definition),
        (f"jenkins {where}: a build with parameters, its log and artifact", run),
        (f"jenkins {where}: a queue item waits and is cancelled", queue),
        (f"jenkins {where}: a build is stopped", stop),
        (f"jenkins {where}: a password with crumb and session", password),
        (f"jenkins {where}: what is refused", refused),
    ]


def tests(url):
    told(url, "options", quiet_period_ms=0, build_ms=100)
    return checks("at the root", state(url)["root_url"], url) + checks("below /jenkins", f"{url}/jenkins", url)


if __name__ == "__main__":
    main(tests)
