// Cuts Markdown into top-level blocks while it grows. Only the last block can
// still change, so that a long answer is parsed once and not once per frame.

const fenceStart = /^\s*(`{3,}|~{3,})/;
const listItem = /^\s{0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
const definition = /^ {0,3}\[(?!\^)[^\]\n]+\]:\s*\S/;

/** The text's blocks, in order; joined they give the text. A block never changes once another follows it. */
export function splitBlocks(text: string): string[] {
  const blocks: string[] = [];
  let start = 0; // of the current block
  let fence = ""; // the open code fence, if any
  let list = false; // the block is a list: blank lines do not end it
  let indented = false; // the block is indented code: nor here
  let first = true; // no line with text yet in this block
  let blank = false; // the line before was blank
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline + 1;
    const line = text.slice(at, newline < 0 ? end : newline);
    const empty = line.trim() === "";
    if (fence) {
      const close = fenceStart.exec(line)?.[1];
      if (close && close.startsWith(fence) && line.trim() === close) fence = "";
    } else if (!empty) {
      const inside = (list && (listItem.test(line) || /^\s/.test(line))) || (indented && line.startsWith("    "));
      if (blank && !first && !inside) {
        blocks.push(text.slice(start, at));
        start = at;
        first = true;
      }
      if (first) {
        list = listItem.test(line);
        indented = line.startsWith("    ");
        first = false;
      }
      fence = fenceStart.exec(line)?.[1] ?? (list ? /^\s*(?:[-*+]|\d{1,9}[.)])\s+(`{3,}|~{3,})/.exec(line)?.[1] : undefined) ?? "";
    }
    blank = empty && !fence;
    at = end;
  }
  if (start < text.length) blocks.push(text.slice(start));
  return blocks;
}

/** Link definitions may stand in any block, but each block is parsed alone: these lines go with each. */
export function definitions(text: string): string {
  if (!text.includes("]:")) return "";
  return text
    .split("\n")
    .filter((line) => definition.test(line))
    .join("\n");
}

/**
 * Closes emphasis, code and links that the end of a growing text leaves open,
 * so that half-written marks do not flash on the screen.
 */
export function closeOpenMarks(block: string): string {
  if (fenceStart.test(block) || block.startsWith("    ")) return block;
  const tail = block.slice(block.lastIndexOf("\n\n") + 1);
  const ticks = tail.match(/`+/g) ?? [];
  if (ticks.length % 2 === 1) return block + ticks.at(-1);
  const plain = tail.replace(/(`+)[^`]*\1/g, "");
  let closed = block.replace(/!?\[([^\][\n]*)\]\([^)\s]*$/, "$1");
  if ((plain.match(/\*\*/g) ?? []).length % 2 === 1) {
    closed = /\*\*\s*$/.test(closed) ? closed.replace(/\*\*\s*$/, "") : `${closed.trimEnd().replace(/(?<!\*)\*$/, "")}**`;
  }
  return closed;
}
