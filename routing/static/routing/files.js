/* unfold writes the name of a chosen file into the text field nearest to it, which in our forms is somebody's title. */
"use strict";

document.addEventListener("change", (event) => {
  if (event.target.matches(".tl-form input[type=file]")) event.stopImmediatePropagation();
}, true);
