// Pastes to try, one for each system of the sample pack. The error lines are real, the words around them ours.
// `asBot`: in #alerts the alert bot posts it.
const incident = () => crypto.randomUUID();

/** What the Alert Bot posts as; `/sandbox/alert` knows the shapes. */
export const alertEntries = (shapes, post) => (shapes ?? []).map((one) => [
  { heading: one.name },
  { label: "firing", aria: `${one.name}, firing`, id: `${one.shape}-firing`, run: () => post(one.shape, "firing") },
  { label: "resolved", aria: `${one.name}, resolved`, id: `${one.shape}-resolved`, run: () => post(one.shape, "resolved") },
]);

export const EXAMPLES = [
  {
    id: "armada", title: "armada-api login", hint: "E0003 with its incident id",
    text: () => `Our nightly pipeline can't list clusters any more:\n\`\`\`\n$ bx cs clusters\nListing clusters...\nFAILED\n\nNot authorized. Log in to Bluemix and try again. (E0003)\nIncident ID: ${incident()}\n\`\`\``,
  },
  {
    id: "satellite", title: "Satellite Link connector", hint: "an alert without IAM token", asBot: true,
    text: () => "[FIRING:1] SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer\n - alertname = SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer\n - service = satellite-link\n - severity = critical\n - cluster_id = c1u2xo5w0m8s4sandbox",
  },
  {
    id: "cloud", title: "Cloud credentials", hint: "a worker node that can't be found",
    text: () => "Anybody seen this while resizing a pool?\n> The worker node instance 'kube-c9f2k1lw0m-stage-pool1-00000b4e' can't be found. Review 'classic' infrastructure user permissions.",
  },
  {
    id: "fluentd", title: "fluentd-cartographer", hint: "token exchange errors", asBot: true,
    text: () => "[FIRING:1] CartographerIAMTokenExchangeErrors\n - alertname = CartographerIAMTokenExchangeErrors\n - carrier_name = prod-fra02-carrier1\n - severity = warning",
  },
  {
    id: "eks", title: "EKS Unauthorized", hint: "kubectl is turned away",
    text: () => "Fresh laptop, same kubeconfig, and now:\n```\n$ kubectl get pods\nerror: You must be logged in to the server (Unauthorized)\n```",
  },
];

/** What somebody else posts into a thread: the answer of a lookup, which a form of a job takes its tugboat from. */
export const LOOKUP = "Looked it up for you:\n```\nActualDatacenterCluster: prod-wdc04.carrier107\nState: normal\n```";
