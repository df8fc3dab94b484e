/* The numbers beside the views in the sidebar. The page is shown first: each number needs a query. */
"use strict";

document.addEventListener("DOMContentLoaded", async () => {
  const places = document.querySelectorAll("[data-count-of]");
  if (!places.length) return;
  const answer = await fetch(places[0].dataset.counts, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { counts } = await answer.json();
  for (const place of places) {
    const count = counts[place.dataset.countOf];
    if (count === undefined) continue;
    place.textContent = count;
    place.hidden = false;
  }
});
