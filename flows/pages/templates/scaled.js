"use strict";
// Each result gets a score of the scale.

let scored = {}, at = "";

const next = () => now.letters.find(letter => scored[letter] === undefined);
function choose(letter) {
  at = letter;
  render();
  focusOn(letter);
}
// The score of the chosen result; then the next one without a score is chosen.
function give(score) {
  scored[at] = score;
  if (next()) choose(next());
  else { render(); document.getElementById("done").focus(); }
}
const said = score => now.scores.find(one => one.score === score)?.said;
const words = letter => scored[letter] === undefined ? (letter === at ? "answer by a digit" : "no answer yet") : [scored[letter], said(scored[letter])].filter(word => word !== "").join(", ");
const button = ({ score, said }) => element("button", { type: "button", "data-score": score, "aria-pressed": String(scored[at] === score), "aria-keyshortcuts": String(score), onclick: () => give(score) }, element("b", {}, String(score)), element("span", {}, said));
const own = {
  path: "/rate/scaled",
  done: "rated",
  handing: "Hand in, and your answers go through the checks of `vermilion ratings add` into the project.",
  again: ["there", "rejected"],
  practice: () => "This one is for practice and does not count. Give each result its answer by a digit, or touch one below; the ends of the scale stand beside the digits. Then press Enter or the button.",
  begin() {
    scored = {};
    for (const [, letter, score] of (now.given ?? "").matchAll(/([A-Z])(\d)/g)) scored[letter] = Number(score);
    at = now.at === null ? "" : next() ?? now.letters[0];
  },
  result: letter => result(letter, words(letter), { chosen: letter === at, choose: () => choose(letter) }),
  answers: () => [element("div", { class: "answers across", role: "group", "aria-label": `Answers for result ${at}` }, ...now.scores.map(button))],
  saving: () => next() ? `Result ${next()} lacks an answer` : `Save: ${now.letters.map(letter => `${letter} ${scored[letter]}`).join(", ")}`,
  save() {
    if (next()) choose(next());
    else answer({ scores: now.letters.map(letter => letter + scored[letter]).join("") });
  },
  // Takes the score of the chosen result away, else that of the one before it; where none is left, the photograph before.
  back() {
    const before = now.letters.slice(0, now.letters.indexOf(at) + 1).reverse().find(letter => scored[letter] !== undefined);
    if (!before) { goBack(); return; }
    delete scored[before];
    choose(before);
  },
  keys: () => `Keys ${now.scores[0].score} to ${now.scores.at(-1).score} rate the chosen result, ${now.letters[0]} to ${now.letters.at(-1)} choose one. Enter saves when all have an answer, Backspace takes one back. You may stop whenever you like; every photograph that was saved stays saved.`,
  takes: key => now.letters.includes(key.toUpperCase()) || now.scores.some(one => String(one.score) === key),
  key(pressed) {
    const letter = pressed.toUpperCase(), one = now.scores.find(own => String(own.score) === pressed);
    if (one) give(one.score);
    else if (now.letters.includes(letter)) choose(letter);
  },
};
begin();
