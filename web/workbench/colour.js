// Colours texts where they stand: ranges are painted, and the document stays as it came from the server.
import { highlightTree } from "@lezer/highlight";
import { highlighter, kinds, languages } from "./languages.js";

export function colour() {
  if (!("highlights" in CSS)) return;
  const painted = Object.fromEntries(kinds.map((kind) => [kind, new Highlight()]));
  for (const shown of document.querySelectorAll("[data-language]")) {
    const parts = textsOf(shown);
    const text = parts.map((part) => part.data).join("");
    const tree = languages[shown.dataset.language].parser.parse(text);
    highlightTree(tree, highlighter, (from, to, kind) => {
      for (const range of ranges(parts, from, to)) painted[kind]?.add(range);
    });
  }
  for (const [kind, highlight] of Object.entries(painted)) CSS.highlights.set(`code-${kind}`, highlight);
}

/** The texts of a piece of code in order, with where each begins; between lines that are elements stands an end of line. */
function textsOf(shown) {
  const parts = [];
  let at = 0;
  const lines = [...shown.querySelectorAll("code")].filter((code) => !code.closest(".notes"));
  for (const line of lines) {
    const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      parts.push({ node, at, data: node.data });
      at += node.data.length;
    }
    parts.push({ node: undefined, at, data: "\n" });
    at += 1;
  }
  return parts;
}

/** The ranges that cover a part of a text; one for each piece that it is in. */
function ranges(parts, from, to) {
  const found = [];
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parts[middle].at + parts[middle].data.length <= from) low = middle + 1;
    else high = middle;
  }
  for (let index = low; index < parts.length && parts[index].at < to; index += 1) {
    const { node, at, data } = parts[index];
    if (!node) continue;
    const range = new StaticRange({
      startContainer: node,
      startOffset: Math.max(0, from - at),
      endContainer: node,
      endOffset: Math.min(data.length, to - at),
    });
    found.push(range);
  }
  return found;
}
