"use strict";
// One photograph after the other, with every method's result beside it; each result gets a score of the scale. An answer
// is shown as given once the server has it on its disk.

const given = JSON.parse(document.getElementById("state").textContent), asked = given.asked;
const place = document.getElementById("sitting");
let now = given.now, busy = false, scored = {}, at = "";

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
  scored = {};
  for (const [, letter, score] of (now.given ?? "").matchAll(/([A-Z])(\d)/g)) scored[letter] = Number(score);
  at = now.at === null ? "" : next() ?? now.letters[0];
  trouble("");
  render();
}
const picture = letter => "/rate/scaled/picture?" + new URLSearchParams({ ...asked, at: now.at, ...(letter ? { letter } : {}) });
const next = () => now.letters.find(letter => scored[letter] === undefined);

function choose(letter) {
  at = letter;
  render();
  document.querySelector(`[data-letter="${letter}"]`)?.focus();
}
// The score of the chosen result; then the next one without a score is chosen.
function give(score) {
  scored[at] = score;
  const free = next();
  if (free) choose(free);
  else { render(); document.getElementById("done").focus(); }
}
function done() {
  if (next()) { choose(next()); return; }
  ask("/rate/scaled/answer", { mark: now.mark, at: now.at, scores: now.letters.map(letter => letter + scored[letter]).join("") });
}
const goBack = () => { if (now.at === null || now.at > 0) ask(`/rate/scaled/state/${now.at === null ? now.total - 1 : now.at - 1}`); };
// Takes the score of the chosen result away, else that of the one before it; where none is left, the photograph before.
function back() {
  const before = now.letters.slice(0, now.letters.indexOf(at) + 1).reverse().find(letter => scored[letter] !== undefined);
  if (!before) { goBack(); return; }
  delete scored[before];
  choose(before);
}

function render() {
  const bar = document.getElementById("progress");
  bar.max = now.total || 1; bar.value = now.done;
  document.getElementById("told").textContent = `${now.done} of ${now.total} rated`;
  place.replaceChildren(now.at === null ? end() : showing());
}
const said = score => now.scores.find(one => one.score === score)?.said;
const words = letter => scored[letter] === undefined ? (letter === at ? "answer by a digit" : "no answer yet") : [scored[letter], said(scored[letter])].filter(word => word !== "").join(", ");
function showing() {
  const masked = element("figure", {}, element("img", { src: picture(null), alt: "The photograph with its hole", draggable: "false" }), element("figcaption", {}, "The photograph; white is what was drawn anew"));
  const results = now.letters.map(letter => element("figure", { class: letter === at ? "chosen" : null },
    element("img", { src: picture(letter), alt: `Result ${letter}`, draggable: "false", onclick: () => choose(letter) }),
    element("button", { type: "button", "data-letter": letter, "aria-pressed": String(letter === at), "aria-keyshortcuts": letter, onclick: () => choose(letter) }, element("b", {}, letter), element("span", {}, words(letter)))));
  const answers = now.scores.map(one => element("button", { type: "button", "data-score": one.score, "aria-pressed": String(scored[at] === one.score), "aria-keyshortcuts": String(one.score), onclick: () => give(one.score) }, element("b", {}, String(one.score)), element("span", {}, one.said)));
  return element("div", {}, element("div", { class: "beside", role: "group", "aria-label": "Results" }, masked, ...results),
    element("div", { class: "answers across", role: "group", "aria-label": `Answers for result ${at}` }, ...answers),
    element("div", { class: "tools" }, element("button", { type: "button", class: "main", id: "done", onclick: done }, next() ? `Result ${next()} lacks an answer` : `Save: ${now.letters.map(letter => `${letter} ${scored[letter]}`).join(", ")}`),
      element("button", { type: "button", disabled: now.at === 0, onclick: goBack }, "Back to the one before")),
    element("p", { class: "note" }, `Keys ${now.scores[0].score} to ${now.scores.at(-1).score} rate the chosen result, ${now.letters[0]} to ${now.letters.at(-1)} choose one. Enter saves when all have an answer, Backspace takes one back. You may stop whenever you like; every photograph that was saved stays saved.`),
    ...earlier());
}
const earlier = () => now.earlier ? [element("p", { class: "note" }, `${now.earlier} answers of yours are about pictures that are gone: the network has learned anew since, and these are others.`)] : [];
function end() {
  const parts = [element("h2", {}, "That was all.")];
  if (now.changed) parts.push(element("p", {}, now.handed ? "You have changed answers since you handed in." : "Hand in, and your answers go through the checks of `vermilion ratings add` into the project."), element("button", { type: "button", class: "main", id: "hand", onclick: () => handIn({ replace: now.handed }) }, "Hand in"));
  else parts.push(element("p", {}, "All of it is handed in."));
  parts.push(element("div", { id: "outcome" }), element("p", {}, element("button", { type: "button", onclick: goBack }, "Look at the last one again")), element("p", {}, element("a", { href: "/rate" }, "Something else to rate")));
  return element("div", {}, ...parts, ...earlier());
}
const AGAIN = {
  there: ["Put these in the place of what I gave before", { replace: true }],
  rejected: ["I am somebody else: hand in under this name", { new: true }],
};
async function handIn(how) {
  const button = document.getElementById("hand");
  button.disabled = true;
  try {
    const outcome = await send("/rate/scaled/hand-in", { ...asked, ...how });
    trouble("");
    const added = outcome.state === "added", words = added ? "Handed in." : "Not handed in; nothing was changed. Your answers stay.";
    const [label, more] = AGAIN[outcome.state] ?? [];
    const again = more && !Object.keys(more).every(name => how[name]) ? [element("button", { type: "button", id: "again", onclick: () => handIn({ ...how, ...more }) }, label)] : [];
    document.getElementById("outcome").replaceChildren(element("p", {}, element("strong", {}, words)), element("ul", {}, ...outcome.said.map(line => element("li", {}, line))), ...again);
    button.hidden = added;
  } catch (error) { trouble(error.message); }
  button.disabled = false;
}

// Keys: the digits of the scale, the letters of the results.
addEventListener("keydown", event => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) return;
  if (event.key === "Backspace") { event.preventDefault(); if (now.at === null) goBack(); else back(); return; }
  if (now.at === null || busy) return;
  const letter = event.key.toUpperCase(), one = now.scores.find(own => String(own.score) === event.key);
  if (one) { event.preventDefault(); give(one.score); }
  else if (now.letters.includes(letter)) { event.preventDefault(); choose(letter); }
  else if (event.key === "Enter" && !event.target.closest("a, button:not([data-letter]):not(#done)")) { event.preventDefault(); done(); }
});
begin();
