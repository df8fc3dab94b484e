/* Keeps what is typed into a form, so that it is there again after signing in. Forms work without it. */
"use strict";

const WAIT_MS = 800;
// What could not be kept any more, or was on its way when a session ended. It stays in this tab and
// is used once, for the same person.
const OWN = `draft:${document.body.dataset.contact}:`;

function textOf(form) {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") body.append(name, value);
  }
  body.append("draft", form.dataset.draft);
  return body;
}

function fill(form, text) {
  for (const [name, value] of new URLSearchParams(text)) {
    const field = form.elements.namedItem(name);
    if (field && "value" in field && !["hidden", "file", "submit"].includes(field.type)) field.value = value;
  }
}

function say(form) {
  if (form.dataset.told) return;
  form.dataset.told = "yes";
  const words = document.createElement("p");
  words.className = "alert";
  words.setAttribute("role", "alert");
  words.textContent = form.dataset.signedOut;
  form.prepend(words);
}

function keeps(form) {
  let timer = 0;
  let last = String(textOf(form));
  const here = OWN + form.dataset.draft;
  const save = () => {
    clearTimeout(timer);
    const body = textOf(form);
    const text = String(body);
    if (text === last) return;
    last = text;
    const missed = () => { sessionStorage.setItem(here, text); };
    fetch(form.dataset.drafts, { method: "POST", body, keepalive: text.length < 60000, redirect: "manual" })
      .then((answer) => { if (answer.type === "opaqueredirect") { missed(); say(form); } })
      .catch(missed);
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, WAIT_MS); });
  form.addEventListener("submit", () => { clearTimeout(timer); sessionStorage.setItem(here, String(textOf(form))); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
  const left = sessionStorage.getItem(here);
  if (left !== null) {
    fill(form, left);
    save();
  }
}

document.querySelectorAll("form[data-draft]").forEach(keeps);
// A form that was sent is on no page any more.
Object.keys(sessionStorage).filter((key) => key.startsWith("draft:")).forEach((key) => sessionStorage.removeItem(key));
