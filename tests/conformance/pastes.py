"""What people paste: one error for each system of the sample pack, in our own words around the error lines."""

import uuid

CODE = """our nightly job cannot list clusters:
```
$ bx cs clusters
Listing clusters...
FAILED

Not authorized. Log in to Bluemix and try again. (E0003)
Incident ID: %s
```"""
ALERT = "CartographerIAMTokenExchangeErrors is firing on prod-fra02-carrier1"
SATELLITE = "[FIRING:1] SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer"
CLOUD = "The worker node instance '4711-kube-stage' can't be found. Review 'classic' infrastructure user permissions."
EKS = "$ kubectl get ns\nerror: You must be logged in to the server (Unauthorized)"
CHAT = "shall we have lunch at noon?"


def code():
    """The same error code, each time another request."""
    return CODE % uuid.uuid4()
