// A thread that grows out of sight: what comes soon after one's own click is shown, other news are told of.
import { h } from "./dom.js";

/** How long an answer is taken for the answer to what was just done, in milliseconds. */
const SOON = 15000;
let done = 0;

/** The person has just done something that is answered in the thread. */
export const acted = () => { done = Date.now(); };

/** Watches a list; `came(ts)` is told of each message that is new in it. */
export function unseen(list) {
  let newest = null;
  const node = () => newest && list.querySelector(`[data-ts="${CSS.escape(newest)}"]`);
  const isOut = () => Boolean(node()) && node().getBoundingClientRect().top > list.getBoundingClientRect().bottom - 30;
  const show = () => { list.scrollTop += node().getBoundingClientRect().top - list.getBoundingClientRect().top - 8; };
  const button = h("button", { class: "unseen", type: "button", onclick: () => { if (node()) show(); button.hidden = true; list.focus(); } }, "New reply below ↓");
  button.hidden = true;
  list.after(h("div", { class: "unseen-place" }, button));
  list.addEventListener("scroll", () => { if (!isOut()) button.hidden = true; });
  return {
    came(ts) {
      newest = ts;
      const isTall = node() && node().offsetHeight > list.clientHeight;
      const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 2;
      // At the end of the list a long one is read from its beginning.
      if (isTall && isAtEnd) show();
      else if (isOut() && Date.now() - done < SOON) show();
      else button.hidden = !isOut();
    },
    forget() { newest = null; button.hidden = true; },
  };
}
