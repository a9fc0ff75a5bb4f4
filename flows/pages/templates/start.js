"use strict";
// The forms at the beginning of a rating: their choices become the address of the sitting.
for (const form of document.querySelectorAll("form.start")) form.addEventListener("submit", event => {
  event.preventDefault();
  location.href = `${event.target.getAttribute("action")}?` + new URLSearchParams(new FormData(event.target));
});
