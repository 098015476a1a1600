"""jenkinsapi, which reads Python literals and sends its parameters as a form with `json`, drives the local Jenkins."""

import json
import urllib.request

from jenkinsapi.jenkins import Jenkins
from jenkinsapi.utils.crumb_requester import CrumbRequester

from start import main, until

FACTS = "Platform/Europe/Frankfurt am Main/collect-node-facts"


def told(url, action, **body):
    request = urllib.request.Request(f"{url}/sandbox/jenkins/{action}", json.dumps(body).encode())
    return json.load(urllib.request.urlopen(request))


def checks(where, base, url):
    state = json.load(urllib.request.urlopen(f"{url}/sandbox/jenkins/state"))
    secrets = {user["id"]: user for user in state["users"]}
    server = Jenkins(base, requester=CrumbRequester(
        baseurl=base, username="ada", password=secrets["ada"]["password"],
    ))

    def built():
        job = server["nightly-report"]
        assert not job.has_params()
        item = job.invoke()
        item.block_until_complete(delay=0.1)
        build = item.get_build()
        assert build.get_status() == "SUCCESS" and not build.is_running()
        assert "Finished: SUCCESS" in build.get_console()
        return f"{server.version} at {base}"

    def parameters():
        job = server.get_job("Tools/choose-a-mirror")
        assert list(job.get_params_list()) == ["REGION", "DRY_RUN", "NOTES", "PASSPHRASE", "RUN_ID"]
        item = job.invoke(build_params={"REGION": "us-east", "RUN_ID": where})
        item.block_until_building(delay=0.1)
        build = item.get_build()
        until(lambda: not build.is_running())
        assert build.get_params()["REGION"] == "us-east"

    def artifacts():
        job = server.get_job(FACTS)
        item = job.invoke(build_params={"NODE": where})
        item.block_until_complete(delay=0.1)
        found = item.get_build().get_artifact_dict()
        assert found["facts/part-07.log"].get_data() == b"part 7\n"

    return [
        (f"jenkinsapi {where}: a build without parameters", built),
        (f"jenkinsapi {where}: a build with parameters", parameters),
        (f"jenkinsapi {where}: artifacts, in folders", artifacts),
    ]


def tests(url):
    told(url, "options", quiet_period_ms=0, build_ms=100)
    root = json.load(urllib.request.urlopen(f"{url}/sandbox/jenkins/state"))["root_url"]
    return checks("at the root", root, url) + checks("below /jenkins", f"{url}/jenkins", url)


if __name__ == "__main__":
    main(tests)
