// Korean particles have two forms; the sound that the word before ends with decides between them.

/** How a word's sound ends: with a vowel, with ㄹ, with another consonant; unknown for most words in Latin letters. */
type Ending = "vowel" | "l" | "consonant" | "unknown";

const digits: readonly Ending[] = ["consonant", "l", "vowel", "consonant", "vowel", "vowel", "consonant", "l", "l", "vowel"]; // 영 일 이 삼 사 오 육 칠 팔 구
const firstSyllable = 0xac00;
const syllables = 11172;
const finals = 28; // none, and 27 consonants
const rieul = 8;

function endingOf(word: string): Ending {
  const last = /([\p{L}\p{N}])[^\p{L}\p{N}]*$/u.exec(word.normalize("NFC"))?.[1];
  if (!last) return "unknown";
  const syllable = last.codePointAt(0)! - firstSyllable;
  if (syllable >= 0 && syllable < syllables) {
    const final = syllable % finals;
    return final === 0 ? "vowel" : final === rieul ? "l" : "consonant";
  }
  if (/[0-9]/.test(last)) return digits[Number(last)]!;
  const latin = /[a-z]+(?=[^\p{L}\p{N}]*$)/iu.exec(word)?.[0];
  return latin ? latinEnding(latin) : "unknown";
}

/** Abbreviations are spelt out: PDF is 피디에프, HTML 에이치티엠엘. Of other words only some endings are certain. */
function latinEnding(word: string): Ending {
  const spelt = word === word.toUpperCase() || !/[aeiouy]/i.test(word);
  const last = word.at(-1)!.toLowerCase();
  if (spelt) return last === "l" || last === "r" ? "l" : last === "m" || last === "n" ? "consonant" : "vowel";
  if (last === "l") return "l";
  if (last === "m" || last === "n" || /ng$/i.test(word)) return "consonant";
  return /[aeiouydfrsvwxz]$/i.test(word) ? "vowel" : "unknown";
}

const chosen = (word: string, vowel: string, consonant: string, either: string, rieulAsVowel = false): string => {
  const ending = endingOf(word);
  if (ending === "unknown") return word + either;
  return word + (ending === "vowel" || (rieulAsVowel && ending === "l") ? vowel : consonant);
};

/** 을/를: what something is done to. */
export const object = (word: string): string => chosen(word, "를", "을", "을(를)");
/** 이/가: what does something. */
export const subject = (word: string): string => chosen(word, "가", "이", "이(가)");
/** 은/는: what is talked about. */
export const topic = (word: string): string => chosen(word, "는", "은", "은(는)");
/** (으)로: where to, or as what. */
export const toward = (word: string): string => chosen(word, "로", "으로", "(으)로", true);
