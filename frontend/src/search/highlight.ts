// Marks words within what is drawn, without changing it.

const name = "found";

/** Places of the words in a text, as its characters are written, by beginning and end. */
export function placesOf(text: string, words: readonly string[]): [number, number][] {
  const places: [number, number][] = [];
  const lower = text.toLocaleLowerCase();
  if (lower.length !== text.length) return places; // characters that grow: the places would not hold
  for (const word of words) {
    const wanted = word.toLocaleLowerCase();
    for (let at = lower.indexOf(wanted); at >= 0 && wanted; at = lower.indexOf(wanted, at + wanted.length)) places.push([at, at + wanted.length]);
  }
  return places;
}

/** Marks the words in an element; the returned function ends it. Where the engine cannot, nothing is marked. */
export function markWords(root: Element, words: readonly string[]): () => void {
  if (!("highlights" in CSS) || typeof Highlight !== "function") return () => {};
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const [from, to] of placesOf(node.textContent ?? "", words)) {
      const range = new Range();
      range.setStart(node, from);
      range.setEnd(node, to);
      ranges.push(range);
    }
  }
  CSS.highlights.set(name, new Highlight(...ranges));
  return () => void CSS.highlights.delete(name);
}
