"use strict";
// The valid results are named by their letters, the best first.

let ranked = "", sure = false;

// A letter that is not named yet becomes the next best; one that is named is taken out again.
function name(letter) {
  ranked = ranked.includes(letter) ? ranked.replace(letter, "") : ranked + letter;
  sure = false;
  render();
  focusOn(letter);
}
const said = letter => ranked.includes(letter) ? (ranked[0] === letter ? "valid, 1: the best" : `valid, ${ranked.indexOf(letter) + 1}`) : "not valid";
const own = {
  path: "/rate/beside",
  done: "judged",
  handing: "Hand in, and what you said goes through the checks of `vermilion inpainting votes` into the project.",
  again: ["there"],
  practice: () => "This one is for practice and does not count. Name the results that are valid, the best first: press their letters or touch the pictures, then Enter or the button below. A result that is very blurred or illogical is not named.",
  begin() { ranked = now.given ?? ""; sure = now.given === ""; },
  result: letter => result(letter, said(letter), { pressed: ranked.includes(letter), choose: () => name(letter) }),
  answers: () => [],
  saving: () => ranked ? `Save: ${[...ranked].join(", then ")}` : sure ? "Save: none of them is valid" : "None of them is valid",
  save() {
    if (!ranked && !sure) { sure = true; render(); document.getElementById("done").focus(); }
    else answer({ ranked });
  },
  back() {
    if (!ranked) { goBack(); return; }
    ranked = ranked.slice(0, -1); sure = false;
    render();
  },
  keys: () => `Keys ${now.letters[0]} to ${now.letters.at(-1)} name the valid results, the best first; the same key again takes one out. Enter saves, Backspace goes back. What is not named is not valid. You may stop whenever you like; every answer is saved.`,
  takes: key => now.letters.includes(key.toUpperCase()),
  key(one) { if (own.takes(one)) name(one.toUpperCase()); },
};
begin();
