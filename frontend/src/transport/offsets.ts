// Go counts a text in bytes of UTF-8, JavaScript in units of UTF-16.

/** The places of bytes of a text's UTF-8 as places in the string, in the order given. A place within a character is its beginning. */
export function fromBytes(text: string, bytes: readonly number[]): number[] {
  const order = bytes.map((_, i) => i).sort((a, b) => bytes[a]! - bytes[b]!);
  const out = bytes.map(() => 0);
  let at = 0; // in the string
  let byte = 0;
  for (const i of order) {
    for (const wanted = bytes[i]!; at < text.length; ) {
      const code = text.codePointAt(at)!;
      const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      if (byte + size > wanted) break;
      byte += size;
      at += code > 0xffff ? 2 : 1;
    }
    out[i] = at;
  }
  return out;
}
