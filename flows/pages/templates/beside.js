"use strict";
// One photograph after the other, with every method's result beside it. The valid ones are named by their letters, the
// best first. An answer is shown as given once the server has it on its disk.

const given = JSON.parse(document.getElementById("state").textContent), asked = given.asked;
const place = document.getElementById("sitting");
let now = given.now, busy = false, ranked = "", sure = false;

async function ask(path, body) {
  if (busy) return;
  busy = true;
  try {
    now = await send(path, { ...asked, ...body });
    begin();
  } catch (error) { trouble(error.message); }
  busy = false;
}
function begin() {
  ranked = now.given ?? ""; sure = now.given === "";
  trouble("");
  render();
}
const picture = letter => "/rate/beside/picture?" + new URLSearchParams({ ...asked, at: now.at, ...(letter ? { letter } : {}) });

// A letter that is not named yet becomes the next best; one that is named is taken out again.
function name(letter) {
  ranked = ranked.includes(letter) ? ranked.replace(letter, "") : ranked + letter;
  sure = false;
  render();
  document.querySelector(`[data-letter="${letter}"]`)?.focus();
}
function done() {
  if (!ranked && !sure) { sure = true; render(); document.getElementById("done").focus(); return; }
  ask("/rate/beside/answer", { mark: now.mark, at: now.at, ranked });
}
const goBack = () => { if (now.at === null || now.at > 0) ask(`/rate/beside/state/${now.at === null ? now.total - 1 : now.at - 1}`); };
function back() {
  if (!ranked) { goBack(); return; }
  ranked = ranked.slice(0, -1); sure = false;
  render();
}

function render() {
  const bar = document.getElementById("progress");
  bar.max = now.total || 1; bar.value = now.done;
  document.getElementById("told").textContent = `${now.done} of ${now.total} judged`;
  place.replaceChildren(now.at === null ? end() : showing());
}
const said = letter => ranked.includes(letter) ? (ranked[0] === letter ? "valid, 1: the best" : `valid, ${ranked.indexOf(letter) + 1}`) : "not valid";
function showing() {
  const masked = element("figure", {}, element("img", { src: picture(null), alt: "The photograph with its hole", draggable: "false" }), element("figcaption", {}, "The photograph; white is what was drawn anew"));
  const results = now.letters.map(letter => element("figure", {},
    element("img", { src: picture(letter), alt: `Result ${letter}`, draggable: "false", onclick: () => name(letter) }),
    element("button", { type: "button", "data-letter": letter, "aria-pressed": String(ranked.includes(letter)), "aria-keyshortcuts": letter, onclick: () => name(letter) }, element("b", {}, letter), element("span", {}, said(letter)))));
  const words = ranked ? `Save: ${[...ranked].join(", then ")}` : sure ? "Save: none of them is valid" : "None of them is valid";
  return element("div", {}, element("div", { class: "beside", role: "group", "aria-label": "Results" }, masked, ...results),
    element("div", { class: "tools" }, element("button", { type: "button", class: "main", id: "done", onclick: done }, words),
      element("button", { type: "button", disabled: now.at === 0, onclick: goBack }, "Back to the one before")),
    element("p", { class: "note" }, `Keys ${now.letters[0]} to ${now.letters.at(-1)} name the valid results, the best first; the same key again takes one out. Enter saves, Backspace goes back. What is not named is not valid. You may stop whenever you like; every answer is saved.`),
    ...earlier());
}
const earlier = () => now.earlier ? [element("p", { class: "note" }, `${now.earlier} answers of yours are about pictures that are gone: the network has learned anew since, and these are others.`)] : [];
function end() {
  const parts = [element("h2", {}, "That was all.")];
  if (now.changed) parts.push(element("p", {}, now.handed ? "You have changed answers since you handed in." : "Hand in, and what you said goes through the checks of `vermilion inpainting votes` into the project."), element("button", { type: "button", class: "main", id: "hand", onclick: () => handIn(now.handed) }, "Hand in"));
  else parts.push(element("p", {}, "All of it is handed in."));
  parts.push(element("div", { id: "outcome" }), element("p", {}, element("button", { type: "button", onclick: goBack }, "Look at the last one again")), element("p", {}, element("a", { href: "/rate" }, "Something else to rate")));
  return element("div", {}, ...parts, ...earlier());
}
async function handIn(replace) {
  const button = document.getElementById("hand");
  button.disabled = true;
  try {
    const outcome = await send("/rate/beside/hand-in", { ...asked, replace });
    trouble("");
    const added = outcome.state === "added", words = added ? "Handed in." : "Not handed in; nothing was changed. Your answers stay.";
    const again = added || replace ? [] : [element("button", { type: "button", id: "replace", onclick: () => handIn(true) }, "Put these in the place of what I said before")];
    document.getElementById("outcome").replaceChildren(element("p", {}, element("strong", {}, words)), element("ul", {}, ...outcome.said.map(line => element("li", {}, line))), ...again);
    button.hidden = added;
  } catch (error) { trouble(error.message); }
  button.disabled = false;
}

// Keys: the letters of the results.
addEventListener("keydown", event => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) return;
  if (event.key === "Backspace") { event.preventDefault(); if (now.at === null) goBack(); else back(); return; }
  if (now.at === null) return;
  const letter = event.key.toUpperCase();
  if (now.letters.includes(letter)) { event.preventDefault(); name(letter); }
  else if (event.key === "Enter" && !event.target.closest("a, button:not([data-letter]):not(#done)")) { event.preventDefault(); done(); }
});
begin();
