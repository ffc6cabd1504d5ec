// Every language says everything, in its own words and its own numbers.
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { languageFor, languages, speak, speaking, t, type Language, type Strings } from "../src/strings";
import { en } from "../src/strings/en";
import { object, subject, topic, toward } from "../src/strings/ko/particles";
import { bytes, count, dateTime, dayLabel, duration, languageName, memory, numberIn, numeral, plural, remaining, sentence, share } from "../src/ui/format";

const others = (Object.keys(languages) as Language[]).filter((l) => l !== "en");
const strings = {} as Record<Language, Strings>;

beforeAll(async () => {
  for (const language of Object.keys(languages) as Language[]) {
    await speak(language);
    strings[language] = t;
  }
  await speak("en");
});
afterEach(() => speak("en"));

type Say = (...args: unknown[]) => string;
function* leaves(value: unknown, path = ""): Generator<[string, string | Say]> {
  if (typeof value === "string" || typeof value === "function") yield [path, value as string | Say];
  else for (const [key, inner] of Object.entries(value as object)) yield* leaves(inner, path ? `${path}.${key}` : key);
}

const hole = /undefined|NaN|\[object|\$\{|=>/;

/** What a sentence can be given: numbers of several forms, texts that end with every sort of sound, lists, and the program's own words. */
const given = {
  number: [0, 1, 2, 3, 11, 21, 1000, 1_000_000],
  text: ["Qwen3 4B", "보고서", "report.pdf", "문장"],
  list: [["Deutsch", "한국어"]],
  word: ["embedding", "paused", "queued", "page", "slide", "sheet", "part", "chapter", "image", ""],
};
type Kind = keyof typeof given;

/** Which kinds the places of a sentence are of, found out by trying. */
function kindsOf(say: Say): Kind[] {
  const kinds: Kind[] = Array.from({ length: say.length }, () => "number");
  for (let pattern = 0; pattern < 3 ** say.length; pattern++) {
    const tried = kinds.map((_, i) => (["number", "text", "list"] as const)[Math.floor(pattern / 3 ** i) % 3]!);
    const args = tried.map((kind, i) => (kind === "number" ? 1 : kind === "text" ? `<${i}>` : [`<${i}>`]));
    let said = "";
    try {
      said = say(...args);
    } catch {
      continue; // a number belongs where a text is, or the other way round
    }
    if (hole.test(said)) continue;
    tried.forEach((kind, i) => {
      if (kind === "text" && said.includes(`<${i}>`)) kinds[i] = "text";
      else if (kind === "text" && kinds[i] === "number") kinds[i] = "word";
      else if (kind === "list" && kinds[i] === "number" && said.includes(`<${i}>`)) kinds[i] = "list";
    });
  }
  return kinds;
}

/** English says the program's words for parts of files as they are. */
const ofUnits = /^(documents\.(progress|pages)|evidence\.page|reader\.(page|back|forth))$/;

/** Many calls of a sentence that make sense. */
function* calls(path: string, say: Say): Generator<unknown[]> {
  const kinds = kindsOf(say).map((kind) => (kind === "text" && ofUnits.test(path) ? "word" : kind));
  for (let round = 0; round < 40; round++) yield kinds.map((kind, i) => given[kind][Math.floor(round / (1 + i)) % given[kind].length]);
}

/** What may be as in English: names, abbreviations, and words that the languages share. */
const names = /^(name|data\.(sources\.\w+|formats\.(markdown|pdf))|models\.(digest|tools\.\w+)|sampling\.(topP|topK|minP|typicalP)\.label|documents\.kindNames\.\w+|(search|add|disk)\.placeholder)$/;
const shared: Record<string, readonly string[]> = {
  de: [
    "chat.code", "chat.stats.prompt", "panel.sampling", "settings.sampling", "settings.engine", "settings.threads", "settings.proxy", "settings.version", "settings.downloads", "sampling.seed.label",
    "sidebar.chats", "machine.cpu", "machine.system", "machine.caches", "downloads.title", "catalogue.kinds.chat", "catalogue.kinds.code", "catalogue.kinds.reasoning", "catalogue.kinds.reranking", "reader.text", "activity.kinds.download",
    "palette.groups.chats", "presets.name", "presets.prompt", "presets.icons.code", "variables.selection",
  ],
  es: ["chat.stats.prompt", "settings.proxy", "sidebar.chats", "catalogue.kinds.chat", "palette.groups.chats", "presets.colour"],
  ko: [],
  zh: [],
};

describe.each(others)("%s", (language) => {
  it("says everything that English says, of the same kind and with places for the same values", () => {
    const theirs = new Map(leaves(strings[language]));
    for (const [path, said] of leaves(en)) {
      const own = theirs.get(path);
      expect(typeof own, path).toBe(typeof said);
      if (typeof said === "function") expect((own as typeof said).length, path).toBeLessThanOrEqual(said.length);
    }
    expect([...theirs.keys()].filter((path) => !new Map(leaves(en)).has(path))).toEqual([]);
  });

  it("makes a whole sentence of every value, and leaves none out", async () => {
    const expected: { path: string; args: unknown[]; said: string }[] = [];
    for (const [path, said] of leaves(en))
      if (typeof said === "string") expected.push({ path, args: [], said });
      else for (const args of calls(path, said)) expected.push({ path, args, said: said(...args) });
    await speak(language);
    const theirs = new Map(leaves(strings[language]));
    for (const { path, args, said } of expected) {
      const own = theirs.get(path)!;
      const text = typeof own === "string" ? own : own(...args);
      expect(text, path).not.toMatch(hole);
      expect(text.trim() === "", `${path}(${args.join()}): ${text}`).toBe(said.trim() === "");
      for (const name of given.text) if (args.includes(name)) expect(text.includes(name), `${path}: ${text}`).toBe(said.includes(name));
    }
  });

  it("says it in its own words", () => {
    const theirs = new Map(leaves(strings[language]));
    const same = [...leaves(en)].filter(([path, said]) => said !== "" && theirs.get(path) === said && !names.test(path)).map(([path]) => path);
    expect(same.filter((path) => !shared[language]!.includes(path))).toEqual([]);
  });

  it("quotes as it is done there", () => {
    const foreign: Record<string, RegExp> = { de: /[”«»"]/, es: /[“”„"]/, ko: /[“”„«»"]/, zh: /[‘’„«»"]/ };
    for (const [path, said] of leaves(strings[language]))
      for (const text of typeof said === "string" ? [said] : [...calls(path, said)].map((args) => said(...args))) expect(text, path).not.toMatch(foreign[language]!);
  });
});

describe("numbers, sizes and times are the language's", () => {
  const noon = new Date(2026, 4, 6, 12, 34).getTime();
  it.each([
    ["en", "12,345", "98.4 MB", "1.5 GiB", "19%", "1.2 s", "3 min 05 s", "5 s left"],
    ["de", "12.345", "98,4 MB", "1,5 GiB", "19 %", "1,2 s", "3 min 05 s", "noch 5 s"],
    ["es", "12.345", "98,4 MB", "1,5 GiB", "19 %", "1,2 s", "3 min 05 s", "faltan 5 s"],
    ["ko", "12,345", "98.4 MB", "1.5 GiB", "19%", "1.2초", "3분 05초", "5초 남음"],
    ["zh", "12,345", "98.4 MB", "1.5 GiB", "19%", "1.2 秒", "3 分 05 秒", "剩余 5 秒"],
  ] as const)("%s", async (language, number, size, ram, part, short, long, left) => {
    await speak(language);
    const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");
    expect([count(12345), bytes(98_400_000), memory(1.5 * 2 ** 30), share(19), duration(1200), duration(185_000), remaining(5)].map(plain)).toEqual([number, size, ram, part, short, long, left]);
  });
  it.each([
    ["en", "6 May 2026", "Today", "Monday", "March", "German"],
    ["de", "06.05.2026", "Heute", "Montag", "März", "Deutsch"],
    ["es", "6 may 2026", "Hoy", "Lunes", "Marzo", "alemán"],
    ["ko", "2026. 5. 6.", "오늘", "월요일", "3월", "독일어"],
    ["zh", "2026年5月6日", "今天", "星期一", "三月", "德语"],
  ] as const)("%s has its dates", async (language, date, today, monday, march, german) => {
    await speak(language);
    expect(dateTime(noon)).toContain(date);
    const days = (n: number) => noon - n * 86_400_000;
    expect([dayLabel(noon, noon), dayLabel(days(2), noon), dayLabel(days(50), noon), languageName("de")]).toEqual([today, monday, march, german]);
  });
  it("are typed as they are written", async () => {
    await speak("de");
    expect([numeral(0.75), numeral(8192), numeral(Number.MAX_SAFE_INTEGER)]).toEqual(["0,75", "8192", "9007199254740991"]);
    expect(["0,75", "0.75", "１２", " -1 ", "", "1e9999x"].map(numberIn)).toEqual([0.75, 0.75, 12, -1, NaN, NaN]);
  });
  it("knows the forms of plural", async () => {
    await speak("es");
    expect([1, 2, 1_000_000].map((n) => plural(n, "token", "tokens", "de tokens"))).toEqual(["1 token", "2 tokens", "1.000.000 de tokens"]);
    await speak("de");
    expect([0, 1, 2].map((n) => plural(n, "Datei", "Dateien"))).toEqual(["0 Dateien", "1 Datei", "2 Dateien"]);
    expect(t.documents.attached(1)).toBe("Dieser Chat antwortet jetzt aus einem weiteren Dokument");
    expect(t.documents.pages(3, 12, "sheet")).toBe("3 von 12 Tabellenblättern");
    expect([t.reader.back("page"), t.reader.forth("part"), t.reader.back("image")]).toEqual(["Vorige Seite", "Nächster Teil", "Voriges Bild"]);
  });
});

describe("Korean particles follow the sound", () => {
  it.each([
    ["문서", "문서를", "문서가", "문서는", "문서로"],
    ["파일", "파일을", "파일이", "파일은", "파일로"],
    ["문장", "문장을", "문장이", "문장은", "문장으로"],
    ["‘보고서’", "‘보고서’를", "‘보고서’가", "‘보고서’는", "‘보고서’로"],
    ["버전 3", "버전 3을", "버전 3이", "버전 3은", "버전 3으로"],
    ["버전 2", "버전 2를", "버전 2가", "버전 2는", "버전 2로"],
    ["코드 7", "코드 7을", "코드 7이", "코드 7은", "코드 7로"],
    ["코드 10", "코드 10을", "코드 10이", "코드 10은", "코드 10으로"],
    ["PDF", "PDF를", "PDF가", "PDF는", "PDF로"],
    ["HTML", "HTML을", "HTML이", "HTML은", "HTML로"],
    ["lease.html", "lease.html을", "lease.html이", "lease.html은", "lease.html로"],
    ["RAM", "RAM을", "RAM이", "RAM은", "RAM으로"],
    ["98.4 MB", "98.4 MB를", "98.4 MB가", "98.4 MB는", "98.4 MB로"],
    ["Gemma", "Gemma를", "Gemma가", "Gemma는", "Gemma로"],
    ["Mistral", "Mistral을", "Mistral이", "Mistral은", "Mistral로"],
    ["Qwen", "Qwen을", "Qwen이", "Qwen은", "Qwen으로"],
    ["Chat", "Chat을(를)", "Chat이(가)", "Chat은(는)", "Chat(으)로"],
    ["日本", "日本을(를)", "日本이(가)", "日本은(는)", "日本(으)로"],
    ["", "을(를)", "이(가)", "은(는)", "(으)로"],
  ])("%s", (word, o, s, p, w) => expect([object(word), subject(word), topic(word), toward(word)]).toEqual([o, s, p, w]));
});

describe("what the program says", () => {
  const folder = (of: string): string[] => readdirSync(of, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? (e.name === "testdata" || e.name === "node_modules" ? [] : folder(`${of}/${e.name}`)) : /(?<!_test)\.go$|(bridge|api)\.ts$/.test(e.name) ? [readFileSync(`${of}/${e.name}`, "utf8")] : []));
  const source = ["app", "engine", "models", "frontend/src/transport"].flatMap((of) => folder(`${process.cwd()}/../${of}`)).join("\n").replaceAll('\\"', '"');
  it.each(Object.entries(en.program))("%s stands in its code", (_, format) => {
    // Some are put together of clauses.
    for (const clause of source.includes(format) ? [format] : format.split(/(?=[;,] | or )/)) expect(source, clause).toContain(clause);
  });
  it.each(others)("has the same values in %s", (language) => {
    const values = (format: string) => {
      let next = 1;
      return [...format.matchAll(/%(?:\[(\d+)\])?(?:\.0)?[sdvqw]/g)].map((m) => Number(m[1] ?? next++)).sort();
    };
    for (const [name, format] of Object.entries(en.program)) expect(values(strings[language].program[name as keyof typeof en.program]), name).toEqual(values(format));
  });
  it.each([
    ["the network is switched off; allow it in Settings, or use what is on this machine", "de", "Das Netzwerk ist ausgeschaltet; erlauben Sie es in den Einstellungen, oder verwenden Sie, was auf diesem Rechner ist."],
    ["download smol: the network is switched off; the download goes on when it is switched on", "ko", "Download smol: 네트워크가 꺼져 있습니다. 켜면 다운로드가 이어집니다."],
    ["Needs 9.1 GB, and this machine has 5.8 GB in all; a context of 8192 tokens would fit.", "de", "Braucht 9,1 GB, und dieser Rechner hat insgesamt 5,8 GB; ein Kontext von 8.192 Tokens würde passen."],
    ["About 14 tokens a second, needs 2.5 GB of the 20 GB that are free.", "ko", "초당 약 14토큰, 여유 메모리 20 GB 중 2.5 GB 필요."],
    ["lease.pdf: it is protected by a password", "zh", "lease.pdf: 受密码保护。"],
    ["the engine failed: signal 11. What was written until then is kept; asking again loads the model anew", "es", "El motor falló: signal 11. Lo escrito hasta entonces se conserva; al preguntar de nuevo se vuelve a cargar el modelo."],
    ['/m/x.gguf: architecture "mystery" is not supported; supported: llama, qwen2', "es", "/m/x.gguf: la arquitectura «mystery» no es compatible; son compatibles: llama, qwen2."],
    ["Qwen3 does not fit on the disk: it needs 4.0 GB, and 1.0 GB are free, of which other downloads need 2.0 GB; remove models or files, or move the models to a larger disk", "zh", "磁盘放不下 Qwen3：需要 4.0 GB，剩余 1.0 GB；请移除一些模型或文件，或把模型移到更大的磁盘。"],
    ["a thing nobody has heard of: 7", "zh", "A thing nobody has heard of: 7."],
    ["the network is switched off; allow it in Settings, or use what is on this machine", "en", "The network is switched off; allow it in Settings, or use what is on this machine."],
  ] as const)("%s in %s", async (text, language, said) => {
    await speak(language);
    expect(sentence(text)).toBe(said);
  });
});

describe("which language is spoken", () => {
  it.each([
    ["", ["ko-KR", "en"], "ko"],
    ["", ["fr-FR", "de-AT", "en"], "de"],
    ["", ["zh-Hans-CN"], "zh"],
    ["", ["fr"], "en"],
    ["es", ["ko"], "es"],
    ["es-MX", ["ko"], "es"],
    ["tlh", ["ko"], "en"],
    ["constructor", ["toString"], "en"],
  ] as const)("%j among %j is %s", (setting, system, language) => expect(languageFor(setting, system)).toBe(language));
  it("is told to the page", async () => {
    await speak("zh");
    expect([speaking(), document.documentElement.lang]).toEqual(["zh", "zh-Hans"]);
    await speak("ko");
    expect(document.documentElement.lang).toBe("ko");
  });
});
