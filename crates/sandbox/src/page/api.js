// Talks to the workspace: Slack's Web API as a person, and `/sandbox/`.

async function send(path, token, body) {
  const isForm = body instanceof FormData;
  const response = await fetch(path, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, ...(isForm ? {} : { "content-type": "application/json" }) },
    body: isForm ? body : JSON.stringify(body),
  });
  const answer = await response.json();
  if (!answer.ok) throw new Error(answer.error ?? `status ${response.status}`);
  return answer;
}

export const api = (token, method, body) => send(`/api/${method}`, token, body);
export const sandbox = (token, action, body) => send(`/sandbox/${action}`, token, body);
export const workspace = async () => (await fetch("/sandbox/state")).json();

/** Listens to changes; `heard(change)` for each, `lost()` and `found()` around a broken connection. */
export function listen(heard, lost, found) {
  let wasLost = false;
  const source = new EventSource("/sandbox/live");
  source.onmessage = (event) => {
    const change = JSON.parse(event.data);
    if (change.type === "hello") {
      found(wasLost);
      wasLost = false;
    } else heard(change);
  };
  source.onerror = () => {
    wasLost = true;
    lost();
    // The browser gives up after some answers; then it is begun anew.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(heard, lost, () => found(true)), 2000);
  };
}
