/* A page that is open follows the system when its colours change. unfold asks for them only as it loads. */
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");

dark.addEventListener("change", () => {
  const theme = window.Alpine.$data(document.documentElement);
  if (theme.adminTheme !== "auto") return;
  theme.adminTheme = dark.matches ? "dark" : "light";
  window.Alpine.nextTick(() => { theme.adminTheme = "auto"; });
});
