// Sets the theme before anything is painted.
(() => {
  let theme = null;
  try { theme = localStorage.getItem("signpost-theme"); } catch { /* private mode: follow the system */ }
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
})();
