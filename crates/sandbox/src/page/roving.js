// One stop of the Tab key per message: Enter goes into it, the arrow keys go through it, and Escape leaves it.

const INSIDE = "a[href], button, select, input, textarea, pre[tabindex]";

const inside = (article) => [...article.querySelectorAll(INSIDE)].filter((one) => one.getClientRects().length && !one.closest("[hidden]"));
const isField = (one) => one.matches("input, textarea, select");

/** Messages that are drawn later are prepared as they come. */
export function roving(place) {
  const prepare = () => {
    for (const article of place.querySelectorAll("article[data-ts]")) {
      // Somebody who edits a message needs all of its fields.
      if (article.querySelector("textarea")) { article.removeAttribute("tabindex"); continue; }
      article.tabIndex = 0;
      for (const one of article.querySelectorAll(INSIDE)) if (one !== document.activeElement) one.tabIndex = -1;
    }
  };
  new MutationObserver(prepare).observe(place, { childList: true, subtree: true });
  prepare();
  place.addEventListener("keydown", (event) => {
    const article = event.target.closest("article[data-ts]");
    if (!article || !article.hasAttribute("tabindex") || event.altKey || event.ctrlKey || event.metaKey) return;
    const isWhole = event.target === article;
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (isWhole && event.key === "Enter") { event.preventDefault(); inside(article)[0]?.focus(); }
    else if (isWhole && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const all = [...place.querySelectorAll("article[data-ts]")];
      const next = all[all.indexOf(article) + step];
      if (next) { event.preventDefault(); next.focus(); }
    } else if (!isWhole && event.key === "Escape") { event.preventDefault(); event.stopPropagation(); article.focus(); }
    // In a list of choices the arrow keys choose.
    else if (!isWhole && step && !isField(event.target)) {
      const all = inside(article);
      const next = all[all.indexOf(event.target) + step];
      if (next) { event.preventDefault(); next.focus(); }
    }
  });
}
