/* Comfort for forms that work without it: rows are added in place, sums are kept, references are copied by a click. */
"use strict";

function totals(group) {
  const line = group.querySelector("[data-totals]");
  if (!line) return;
  for (const cell of line.querySelectorAll("[data-total]")) {
    let sum = 0;
    for (const field of group.querySelectorAll(`tbody [name$="-${cell.dataset.total}"]`)) {
      const gone = field.closest("tr").querySelector('[name$="-leave_out"]');
      if (!(gone && gone.checked)) sum += Number(field.value) || 0;
    }
    cell.textContent = sum.toLocaleString(document.documentElement.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  }
  line.hidden = false;
}

function addRow(group, button) {
  const count = group.closest("form").querySelector(`[name="${group.dataset.rows}-TOTAL_FORMS"]`);
  const most = Number(group.closest("form").querySelector(`[name="${group.dataset.rows}-MAX_NUM_FORMS"]`).value);
  const number = Number(count.value);
  if (number >= most) { button.disabled = true; return; }
  const made = document.createElement("tbody");
  made.innerHTML = group.querySelector("template").innerHTML.replaceAll("__prefix__", String(number));
  const row = made.querySelector("tr");
  group.querySelector("tbody").append(row);
  count.value = String(number + 1);
  row.querySelector('[name$="-title"]').focus();
}

for (const group of document.querySelectorAll("[data-rows]")) {
  const button = group.querySelector("[data-add]");
  button.addEventListener("click", (event) => { event.preventDefault(); addRow(group, button); });
  group.addEventListener("input", () => totals(group));
  totals(group);
}

for (const code of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tl-button tl-small";
  button.textContent = code.dataset.label || "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.dataset.copy);
    button.textContent = code.dataset.done || "Copied";
  });
  code.after(" ", button);
}
