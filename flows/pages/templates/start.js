"use strict";
// The form at the beginning of a rating: its choices become the address of the sitting.
document.getElementById("start")?.addEventListener("submit", event => {
  event.preventDefault();
  location.href = "/rate/sitting?" + new URLSearchParams(new FormData(event.target));
});
