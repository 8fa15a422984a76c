// The languages that pages show, and what their parts are called.
import { jsonLanguage } from "@codemirror/lang-json";
import { StreamLanguage } from "@codemirror/language";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import { tagHighlighter, tags } from "@lezer/highlight";

export const languages = { json: jsonLanguage, toml: StreamLanguage.define(toml) };

/** The kinds of parts that have a colour. */
export const kinds = ["comment", "key", "text", "atom"];

export const highlighter = tagHighlighter([
  { tag: tags.comment, class: "comment" },
  { tag: [tags.propertyName, tags.heading, tags.definition(tags.propertyName)], class: "key" },
  { tag: tags.string, class: "text" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], class: "atom" },
]);
