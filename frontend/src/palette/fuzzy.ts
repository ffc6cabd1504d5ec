// Finds names by some of their letters.

export interface Match {
  score: number;
  /** Where the letters stand that were found, ascending. */
  at: number[];
}

/** Case and accents do not matter; every letter stays one. */
const fold = (text: string): string[] => /^[ -~]*$/.test(text) ? [...text.toLowerCase()] : Array.from(text, (c) => Array.from(c.normalize("NFD").toLowerCase())[0] ?? c);

const starts = (letters: readonly string[], i: number): boolean => i === 0 || !/[\p{L}\p{N}]/u.test(letters[i - 1]!);

/** All words of the query must be there, each as a whole, by first letters or letter after letter; null if one is not. */
export function fuzzy(query: string, text: string): Match | null {
  const letters = fold(text);
  const words = query.trim().split(/\s+/).filter(Boolean).map(fold);
  let score = 0;
  const at = new Set<number>();
  for (const word of words) {
    const found = better(initials(word, letters), whole(word, letters)) ?? scattered(word, letters);
    if (!found) return null;
    score += found.score;
    for (const i of found.at) at.add(i);
  }
  return { score: score - letters.length / 1000, at: [...at].sort((a, b) => a - b) };
}

const better = (a: Match | null, b: Match | null): Match | null => (a && b ? (a.score > b.score ? a : b) : (a ?? b));

function whole(word: readonly string[], letters: readonly string[]): Match | null {
  let best: Match | null = null;
  for (let i = 0; i + word.length <= letters.length; i++) {
    if (!word.every((c, k) => letters[i + k] === c)) continue;
    const score = 10 + (starts(letters, i) ? 5 : 0) + (i === 0 ? 3 : 0);
    if (!best || score > best.score) best = { score, at: word.map((_, k) => i + k) };
  }
  return best;
}

/** The first letters of words, in order. Single letters must be found whole. */
function initials(word: readonly string[], letters: readonly string[]): Match | null {
  if (word.length < 2) return null;
  const at: number[] = [];
  for (let i = 0; i < letters.length && at.length < word.length; i++) if (starts(letters, i) && letters[i] === word[at.length]) at.push(i);
  return at.length === word.length ? { score: 12 + (at[0] === 0 ? 3 : 0), at } : null;
}

/** Letter after letter: runs of them, or beginnings of words. From all over the place they say nothing. */
function scattered(word: readonly string[], letters: readonly string[]): Match | null {
  if (word.length < 3) return null;
  const at: number[] = [];
  let score = 0;
  for (const c of word) {
    const i = letters.indexOf(c, (at.at(-1) ?? -1) + 1);
    if (i < 0) return null;
    score += starts(letters, i) ? 2 : at.at(-1) === i - 1 ? 1 : 0.2;
    at.push(i);
  }
  return score / word.length >= 0.9 ? { score, at } : null;
}
