"use strict";
// What the two pages of results side by side have in common: one photograph after the other, with every method's result
// beside it. Each page's own script, which comes after this one, says what is asked of a result (`own`), how a result's
// picture (`results`) and the words below it look, and what keys do. An answer is shown as given once the server has it
// on its disk.

const given = JSON.parse(document.getElementById("state").textContent), asked = given.asked;
const place = document.getElementById("sitting");
let now = given.now, busy = false, pressed = [];

async function ask(path, body) {
  if (busy) return;
  busy = true;
  try {
    now = await send(`${own.path}/${path}`, { ...asked, ...body });
    begin();
  } catch (error) { trouble(error.message); pressed = []; }
  busy = false;
  while (pressed.length && !busy) use(pressed.shift());
}
function begin() {
  own.begin();
  trouble("");
  render();
}
// Keys pressed while the server writes are about the next photograph: they wait for it, so that none is lost.
function use(key) {
  if (busy) pressed.push(key);
  else if (key === "Backspace") now.at === null ? goBack() : own.back();
  else if (now.at !== null && key === "Enter") own.save();
  else if (now.at !== null) own.key(key);
}
const answer = said => ask("answer", { mark: now.mark, ...said });
const goBack = () => { if (now.at === null || now.at > 0) ask(`state/${now.at === null ? now.last : now.at - 1}`); };
const focusOn = letter => document.querySelector(`[data-letter="${letter}"]`)?.focus();

function render() {
  const bar = document.getElementById("progress");
  bar.max = now.total || 1; bar.value = now.done;
  document.getElementById("told").textContent = `${now.done} of ${now.total} ${own.done}`;
  place.replaceChildren(now.at === null ? end() : showing());
}
const picture = letter => `${own.path}/picture?` + new URLSearchParams({ ...asked, at: now.at, ...(letter ? { letter } : {}) });
const shown = (letter, words, more) => element("img", { src: picture(letter), alt: words, draggable: "false", ...more });
function result(letter, words, { chosen = false, pressed = chosen, choose }) {
  return element("figure", { class: chosen ? "chosen" : null }, shown(letter, `Result ${letter}`, { onclick: choose }),
    element("button", { type: "button", "data-letter": letter, "aria-pressed": String(pressed), "aria-keyshortcuts": letter, onclick: choose }, element("b", {}, letter), element("span", {}, words)));
}
function showing() {
  const masked = element("figure", {}, shown(null, "The photograph with its hole"), element("figcaption", {}, "The photograph; white is what was drawn anew"));
  const save = element("button", { type: "button", class: "main", id: "done", onclick: event => { if (event.detail < 2) own.save(); } }, own.saving());  // a double click is one
  const before = element("button", { type: "button", disabled: now.at === 0, onclick: goBack }, "Back to the one before");
  const practice = now.practice ? [element("p", { class: "practice" }, own.practice())] : [];
  return element("div", {}, ...practice, element("div", { class: "beside", role: "group", "aria-label": "Results" }, masked, ...now.letters.map(own.result)),
    element("div", { class: "bar" }, ...own.answers(), element("div", { class: "tools" }, save, before)), element("p", { class: "note" }, own.keys()), ...earlier());
}
const earlier = () => now.earlier ? [element("p", { class: "note" }, `${now.earlier} answers of yours are about pictures that are gone: the network has learned anew since, and these are others.`)] : [];
function end() {
  const parts = [element("h2", {}, "That was all.")];
  if (now.themself) parts.push(element("p", { id: "themself" }, now.themself));
  if (now.changed) parts.push(element("p", { id: "waiting" }, now.handed ? "You have changed answers since you handed in." : own.handing), element("button", { type: "button", class: "main", id: "hand", onclick: () => handIn({ replace: now.handed }) }, now.handed ? "Hand in, in place of what I gave before" : "Hand in"));
  else parts.push(element("p", {}, "All of it is handed in."));
  parts.push(element("div", { id: "outcome" }), element("p", {}, element("button", { type: "button", onclick: goBack }, "Look at the last one again")), element("p", {}, element("a", { href: "/rate" }, "Something else to rate")));
  return element("div", {}, ...parts, ...earlier());
}
// What a rater may say to what stands in the way of handing in.
const AGAIN = {
  there: ["Put these in the place of what I gave before", { replace: true }],
  rejected: ["I am somebody else: hand in under this name", { new: true }],
};
async function handIn(how) {
  const button = document.getElementById("hand");
  button.disabled = true;
  try {
    const outcome = await send(`${own.path}/hand-in`, { ...asked, ...how });
    trouble("");
    const added = outcome.state === "added", words = added ? "Handed in." : "Not handed in; nothing was changed. Your answers stay.";
    const [label, more] = own.again.includes(outcome.state) ? AGAIN[outcome.state] : [];
    const again = more && !Object.keys(more).every(name => how[name]) ? [element("button", { type: "button", id: "again", onclick: () => handIn({ ...how, ...more }) }, label)] : [];
    document.getElementById("outcome").replaceChildren(element("p", {}, element("strong", {}, words)), element("ul", {}, ...outcome.said.map(line => element("li", {}, line))), ...again);
    button.hidden = document.getElementById("waiting").hidden = added;
  } catch (error) { trouble(error.message); }
  button.disabled = false;
}

addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) return;
  const ours = event.key === "Backspace" || now.at !== null && (own.takes(event.key) || event.key === "Enter" && !event.target.closest("a, button:not([data-letter]):not(#done)"));
  if (!ours) return;
  event.preventDefault();  // a key held down is one answer, also where a button has the focus
  if (!event.repeat) use(event.key);
});
