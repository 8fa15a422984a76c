// The workbench's pages work without this. With it they follow changes, send their forms without leaving the page, have
// editors for texts, and colours.
import { closeEvents, follow } from "./live.js";
import { enhance } from "./send.js";
import { edit } from "./editor.js";
import { colour } from "./colour.js";
import { offerCopies } from "./copy.js";

/** What every piece of a page needs that has just come. */
function dress() {
  colour();
  offerCopies();
}

for (const field of document.querySelectorAll("textarea[data-editor]")) edit(field);
for (const form of document.querySelectorAll("form[data-enhance]")) enhance(form, dress);
dress();
follow(dress);
addEventListener("pagehide", closeEvents);
