// The built interface over the stand-in program: everything that needs no model.
import { fileURLToPath } from "node:url";
import { compareChecks } from "./compare.mjs";
import { renderChecks } from "./render.mjs";
import { composerChecks } from "./composer.mjs";
import { dataChecks } from "./data.mjs";
import { documentChecks } from "./documents.mjs";
import { keyboardChecks } from "./keyboard.mjs";
import { languageChecks } from "./languages.mjs";
import { organiseChecks } from "./organise.mjs";
import { assertAccessible, assertNoSins, expect, freePort, openPage, shot, startProgram, Suite, until } from "./harness.mjs";

/** Two may run side by side, each in a browser of its own (there is one clipboard to a browser), with one set of names. */
export async function fakeSuite(browser, taken) {
  const suite = new Suite("interface", taken);
  const server = await startProgram(process.execPath, ["node_modules/vite/bin/vite.js", "preview", "--config", "vite.fake.config.ts", "--host", "127.0.0.1", "--port", String(await freePort()), "--strictPort"], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    line: /(http:\/\/127\.0\.0\.1:\d+)\//,
  });
  const url = `${server.hit[1]}/`;
  const rpc = async (method, ...args) => {
    const r = await fetch(`${url}rpc/${method}`, { method: "POST", headers: { "x-test": "yes" }, body: JSON.stringify(args) });
    const { result, error } = await r.json();
    if (error) throw new Error(error);
    return result;
  };

  /** Runs work on a fresh page over a fresh program; fails if the page misbehaved. */
  const check = (name, work, { options, fake, refusals } = {}) => {
    let page;
    return suite.check(
      name,
      async () => {
        await rpc("Reset", { pace: 4, ...fake });
        const opened = await openPage(browser, url, options);
        page = opened.page;
        // The browser may tell of a request that the policy then keeps from being sent.
        if (refusals)
          page.on("requestfailed", (r) => {
            const told = opened.sins.indexOf(`request: ${r.url()}`);
            if (told >= 0 && r.failure()?.errorText === "csp") opened.sins.splice(told, 1);
          });
        await page.locator(".frame").waitFor();
        await work(page, opened.context);
        // What the policy refused is told on the console, which some checks bring about.
        assertNoSins(refusals ? opened.sins.filter((sin) => !/^console: .*(Content Security Policy|sandboxed)/is.test(sin)) : opened.sins);
        await opened.context.close();
      },
      async () => {
        if (!page || page.isClosed()) return;
        await shot(page, `failed ${name}`);
        await page.context().close();
      },
    );
  };

  const composer = (page) => page.getByRole("textbox", { name: "Message" });
  const ask = async (page, text) => {
    await composer(page).fill(text);
    await page.keyboard.press("Enter");
  };
  const answered = (page) => page.locator(".answer-last[aria-busy=false]").waitFor();
  const visit = (page, hash) => page.evaluate((h) => void (location.hash = h), hash);
  const openFirst = async (page) => {
    await page.locator(".chat-link").first().click();
    await answered(page);
  };
  const messages = (page) => page.locator(".messages");
  /** Turns the wheel until the first message is there, as a reader does. */
  const toTop = async (page) => {
    await messages(page).hover();
    await page.mouse.wheel(0, -100_000);
    await page.waitForFunction(() => document.querySelector(".messages")?.scrollTop === 0);
  };
  const fromEnd = (page) => messages(page).evaluate((e) => e.scrollHeight - e.scrollTop - e.clientHeight);

  const drag = (page, types, ...names) =>
    page.evaluate(
      ([all, list]) => {
        const data = new DataTransfer();
        for (const name of list) data.items.add(new File(["x"], name));
        for (const type of all) document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
      },
      [types, names],
    );
  const drop = (page, ...names) => drag(page, ["dragenter", "dragover", "drop"], ...names);

  const states = {
    greeting: async () => {},
    conversation: openFirst,
    "conversation, from the top with thoughts": async (page) => {
      await openFirst(page);
      await toTop(page);
      await page.locator("details.thoughts summary").click();
      await page.locator(".latest").waitFor();
    },
    "editing a question": async (page) => {
      await openFirst(page);
      await toTop(page);
      await page.locator(".question").hover();
      await page.getByRole("button", { name: "Edit and ask again" }).click();
    },
    "being answered": async (page) => {
      await ask(page, "endless");
      await page.locator(".answer table").waitFor();
    },
    "a failed answer": async (page) => {
      await ask(page, "please fail");
      await page.locator(".failure").waitFor();
    },
    "chat panel": async (page) => {
      await openFirst(page);
      await page.getByRole("button", { name: "This chat’s instructions and sampling" }).click();
      await page.getByText("More", { exact: true }).click();
    },
    "model picker": async (page) => {
      await openFirst(page);
      await page.getByRole("button", { name: /^Model:/ }).click();
      await page.getByRole("menu").waitFor();
    },
    "context gauge": async (page) => {
      await openFirst(page);
      await page.getByRole("button", { name: /^Context:/ }).click();
      await page.getByText("Kept free for the answer").waitFor();
    },
    "answer's figures": async (page) => {
      await openFirst(page);
      await page.getByRole("button", { name: /^How this answer was made/ }).click();
      await page.getByText("Ended because").waitFor();
    },
    "chat menu": async (page) => {
      await page.locator(".chat-item").nth(1).hover();
      await page.getByRole("button", { name: /^More about/ }).nth(1).click();
      await page.getByRole("menuitem", { name: /^Rename/ }).waitFor();
    },
    "renaming": async (page) => {
      await page.locator(".chat-link").first().focus();
      await page.keyboard.press("F2");
      await page.getByRole("textbox", { name: "Title of the chat" }).waitFor();
    },
    "search without a result": async (page) => {
      await page.getByRole("textbox", { name: "Search chats" }).fill("zzz");
      await page.getByText("No chat mentions").waitFor();
    },
    "a notice with undo": async (page) => {
      await page.locator(".chat-link").first().focus();
      await page.keyboard.press("Delete");
      await page.getByRole("button", { name: "Undo" }).waitFor();
      await page.waitForTimeout(500);
    },
    models: async (page) => {
      await visit(page, "#/models");
      await page.getByRole("heading", { name: "Granite 3.3 8B Instruct" }).waitFor();
      await page.getByRole("button", { name: "More about Qwen3 4B" }).click();
      await page.getByRole("menuitem", { name: "Show details" }).click();
    },
    "models, downloading": async (page) => {
      await visit(page, "#/models");
      await page.getByRole("button", { name: "Allow network" }).first().click();
      await page.getByRole("button", { name: /^Get Granite/ }).click();
      await page.getByText("The server closed the connection.").first().waitFor();
      await rpc("Reset", { pace: 400 });
      await rpc("SaveSettings", { ...(await rpc("State")).settings, networkAllowed: true });
      await page.getByRole("button", { name: /^Get Qwen3 1.7B/ }).click();
      await page.getByRole("progressbar").first().waitFor();
    },
    "removing a model": async (page) => {
      await visit(page, "#/models");
      await page.getByRole("button", { name: "More about Qwen3 4B" }).click();
      await page.getByRole("menuitem", { name: "Remove…" }).click();
      await page.getByRole("alertdialog").waitFor();
    },
    "the numbers of a verdict menu": async (page) => {
      await visit(page, "#/models");
      await page.getByRole("button", { name: /^Slow.*Granite 3.3 8B Instruct/ }).click();
      await page.getByText("Longest context that fits").waitFor();
    },
    "a licence": async (page) => {
      await visit(page, "#/models");
      await page.getByRole("button", { name: "Allow network" }).first().click();
      await page.getByRole("button", { name: /^Get Llama/ }).click();
      await page.getByRole("dialog").waitFor();
    },
    "a search, a preview": async (page) => {
      await visit(page, "#/models");
      await page.getByRole("button", { name: "Allow network" }).first().click();
      await page.getByRole("textbox", { name: "Search Hugging Face for models" }).fill("qwen3");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "qwen3 0" }).waitFor();
      await page.getByRole("textbox", { name: "Name, address or path" }).fill("hf.co/ada/thing");
      await page.keyboard.press("Enter");
      await page.locator(".plan").waitFor();
    },
    "this machine": async (page) => {
      await visit(page, "#/machine");
      await page.getByText("AMD Ryzen").waitFor();
    },
    network: async (page) => {
      await rpc("SaveSettings", { ...(await rpc("State")).settings, networkAllowed: true });
      await rpc("Pull", "qwen3-1.7b");
      await visit(page, "#/network");
      await page.getByRole("cell", { name: "model download" }).waitFor();
    },
    settings: async (page) => {
      await visit(page, "#/settings");
      await page.getByText("More", { exact: true }).first().click();
      await page.getByText("More", { exact: true }).last().click();
    },
    "a chat that is gone": async (page) => {
      await visit(page, "#/chat/no-such-chat");
      await page.getByText("This chat is no longer here.").waitFor();
    },
  };
  const inBothThemes = async (page, name) => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await assertAccessible(page, `${name}, ${colorScheme}`, { menu: /picker|menu/.test(name) });
      await shot(page, `${name} ${colorScheme}`);
    }
  };
  for (const [name, reach] of Object.entries(states))
    await check(`accessible: ${name}`, async (page) => {
      await reach(page);
      await inBothThemes(page, name);
    });
  await organiseChecks({ check, visit, answered, ask, composer, inBothThemes });
  await compareChecks({ check, rpc, visit, answered, ask, composer, openFirst, inBothThemes });
  await renderChecks({ check, rpc, visit, inBothThemes });
  await composerChecks({ check, rpc, visit, answered, ask, composer, inBothThemes, openFirst });
  await dataChecks({ check, visit, rpc, inBothThemes, drop });
  await keyboardChecks({ check, answered, rpc });
  await documentChecks({ check, rpc, visit, answered, ask, composer, inBothThemes, drag, drop });
  await languageChecks({ check, rpc, visit, composer });
  for (const hash of ["#/", "#/models"])
    await check(`accessible: no model at ${hash}`, async (page) => {
      await visit(page, hash);
      await page.getByRole("heading", { name: "For this machine" }).waitFor();
      await inBothThemes(page, `no model ${hash}`);
    }, { fake: { models: "none" } });

  for (const width of [320, 420, 900])
    await check(`nothing is cut off at ${width} pixels`, async (page) => {
      for (const hash of ["#/", "#/documents", "#/presets", "#/models", "#/machine", "#/network", "#/settings", "#/search/freehold", `#/chat/${(await rpc("Chats"))[0].id}`]) {
        await visit(page, hash);
        await page.waitForTimeout(250);
        const over = await page.evaluate(() => {
          const main = document.querySelector("#main");
          return Math.max(document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth, ...[...document.querySelectorAll(".messages")].map((e) => e.scrollWidth - e.clientWidth));
        });
        expect(over <= 0, `no sideways scrolling on ${hash}; it is ${over} pixels too wide`);
        await shot(page, `${width} ${hash.slice(0, 6)}`);
      }
    }, { options: { viewport: { width, height: 760 } } });

  await check("on a narrow window the sidebar comes over the page and leaves after use", async (page) => {
    expect(!(await page.locator(".sidebar").isVisible()), "no sidebar at first");
    await page.getByRole("button", { name: "Show sidebar" }).click();
    await shot(page, "420 sidebar");
    await assertAccessible(page, "sidebar over page");
    await page.keyboard.press("Escape");
    await page.locator(".sidebar").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Show sidebar" }).click();
    await openFirst(page);
    expect(!(await page.locator(".sidebar").isVisible()), "the sidebar gone after choosing");
  }, { options: { viewport: { width: 420, height: 760 } } });

  await check("a question is sent, read, answered and timed", async (page) => {
    await ask(page, "a long question");
    await page.getByText(/Reading [\d,]+ of 1,800 tokens/).waitFor();
    await until(async () => (await page.locator("[role=status]").allTextContents()).includes("The model is answering."), "the announcement");
    expect(/#\/chat\//.test(page.url()), "the chat's own address");
    await answered(page);
    await page.getByText(/[\d.]+ tokens\/s/).waitFor();
    expect((await page.locator(".answer table tr").count()) === 5, "a table");
    expect((await page.locator(".hljs-keyword").count()) > 3, "coloured code");
    expect((await page.locator("[role=status]").allTextContents()).some((s) => /The answer is complete, \d+ tokens\./.test(s)), "the end announced");
    await page.reload();
    await page.locator(".answer table").waitFor();
  }, { fake: { pace: 16 } });

  await check("Shift+Enter starts a new line, and the field grows with the text", async (page) => {
    const before = (await composer(page).boundingBox()).height;
    await composer(page).pressSequentially("one");
    for (let i = 0; i < 5; i++) await page.keyboard.press("Shift+Enter");
    await composer(page).pressSequentially("two");
    expect((await composer(page).inputValue()) === "one\n\n\n\n\ntwo", "six lines");
    expect((await composer(page).boundingBox()).height > before * 3, "a higher field");
    expect((await page.locator(".question").count()) === 0, "nothing sent");
  });

  await check("the view follows the answer until the reader scrolls up, and again after", async (page) => {
    await ask(page, "endless");
    await until(() => messages(page).evaluate((e) => e.scrollHeight > e.clientHeight + 600), "a long answer");
    expect((await fromEnd(page)) < 60, "the view at the end");
    await messages(page).hover();
    await page.mouse.wheel(0, -300);
    await page.getByRole("button", { name: "Jump to the latest" }).waitFor();
    const top = await messages(page).evaluate((e) => e.scrollTop);
    await page.waitForTimeout(700);
    expect((await messages(page).evaluate((e) => e.scrollTop)) === top, "the view to stay while the answer grows");
    await page.getByRole("button", { name: "Jump to the latest" }).click();
    await until(async () => (await fromEnd(page)) < 60, "the end");
    await page.waitForTimeout(500);
    expect((await fromEnd(page)) < 60, "the view to follow again");
    expect(!(await page.getByRole("button", { name: "Jump to the latest" }).isVisible()), "no button at the end");
    await page.keyboard.press("Escape");
    await page.getByText("You stopped this answer here.").waitFor();
  });

  await check("an answer goes on while another chat is shown", async (page) => {
    await ask(page, "endless");
    await page.locator(".answer table").waitFor();
    await page.locator(".chat-link").nth(1).click();
    await page.locator(".answer-last[aria-busy=false]").waitFor();
    const length = async () => (await page.locator(".answer-last .md").textContent()).length;
    await page.getByRole("img", { name: "being answered" }).waitFor();
    await page.locator(".chat-link").first().click();
    await page.locator(".answer-last[aria-busy=true]").waitFor();
    const before = await length();
    await until(async () => (await length()) > before, "more words");
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.getByText("You stopped this answer here.").waitFor();
    const stored = (await rpc("Chat", (await rpc("Chats"))[0].id)).messages.at(-1);
    expect((await page.locator(".answer-last .md").textContent()).includes(stored.content.slice(0, 20).replaceAll("*", "")), "the stored beginning");
  });

  await check("versions of questions and answers", async (page) => {
    await openFirst(page);
    await page.getByRole("button", { name: "Answer again" }).click();
    await page.getByRole("img", { name: "Version 2 of 2" }).waitFor();
    await answered(page);
    await page.getByRole("button", { name: "Previous version" }).click();
    await page.getByRole("img", { name: "Version 1 of 2" }).waitFor();
    await messages(page).evaluate((e) => e.scrollTo(0, 0));
    await page.locator(".question").hover();
    await page.getByRole("button", { name: "Edit and ask again" }).click();
    await page.getByRole("textbox", { name: "Your question, edited" }).fill("short one");
    await page.keyboard.press("Enter");
    await page.locator(".answer-last", { hasText: "Yes." }).waitFor();
    await page.locator(".question .versions", { hasText: "2/2" }).waitFor();
  });

  await check("the keyboard reaches everything that matters", async (page) => {
    await page.locator(".wordmark").focus();
    await page.keyboard.press("Shift+Tab");
    expect((await page.evaluate(() => document.activeElement.className)) === "skip", "the skip link first");
    await page.locator("#search").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.locator(".topbar-title", { hasText: "Letter to the landlord" }).waitFor();
    await page.keyboard.press("Control+Shift+o");
    await page.getByRole("heading", { name: "What shall we look into?" }).waitFor();
    await until(() => page.evaluate(() => document.activeElement.id === "composer"), "the composer to have the focus");
    await page.keyboard.press("Control+b");
    await page.getByRole("button", { name: "Show sidebar" }).waitFor();
    await page.keyboard.press("Control+b");
    await page.keyboard.press("Control+,");
    await page.getByRole("heading", { name: "Settings" }).waitFor();
  });

  await check("chats are renamed, found, deleted and brought back", async (page) => {
    await page.locator(".chat-link").first().focus();
    await page.keyboard.press("F2");
    await page.getByRole("textbox", { name: "Title of the chat" }).fill("Tenure");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Tenure" }).waitFor();
    await page.getByRole("textbox", { name: "Search chats" }).fill("tenure");
    await until(async () => (await page.locator(".chat-link").count()) === 1, "one result");
    await page.locator(".chat-item").hover();
    await page.getByRole("button", { name: "More about “Tenure”" }).click();
    await page.getByRole("menuitem", { name: /^Delete/ }).click();
    await page.getByText("No chat mentions").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("link", { name: "Tenure" }).waitFor();
    await page.locator(".chat-item").hover();
    await page.getByRole("button", { name: "More about “Tenure”" }).click();
    await page.getByRole("menuitem", { name: /^Rename/ }).click();
    await page.getByRole("textbox", { name: "Title of the chat" }).waitFor();
    await until(() => page.evaluate(() => document.activeElement.className === "rename"), "the focus in the field");
  });

  await check("links open outside, and never instead of the page", async (page, context) => {
    await context.route("https://example.org/**", (r) => r.fulfill({ body: "outside" }));
    await openFirst(page);
    const [outside] = await Promise.all([context.waitForEvent("page"), page.getByRole("link", { name: "guide on leases" }).click()]);
    expect(outside.url() === "https://example.org/leases" || outside.url() === "about:blank", "the link's page");
    expect(page.url().startsWith(url), "this page to stay");
  });

  await check("a file dropped on the window does not replace it", async (page) => {
    await drop(page, "model.gguf");
    await page.getByText("Give the model file’s path on the Models page instead").waitFor();
    await page.getByRole("heading", { name: "Models", level: 1 }).waitFor();
  });

  await check("models are imported by path; a bad file is explained", async (page) => {
    await visit(page, "#/models");
    const path = page.getByRole("textbox", { name: "Name, address or path" });
    await path.fill("/x/paper.pdf");
    await page.keyboard.press("Enter");
    await page.getByText("does not end in .gguf").waitFor();
    await path.fill("/x/broken.gguf");
    await page.keyboard.press("Enter");
    await page.getByText("not a GGUF file: it begins with “PK”").waitFor();
    await path.fill("/x/tiny.gguf");
    await page.keyboard.press("Enter");
    await page.getByText("tiny is ready").waitFor();
    await page.getByRole("heading", { name: "tiny" }).waitFor();
  });

  await check("models are downloaded, paused, cancelled, removed and brought back", async (page) => {
    await visit(page, "#/models");
    await page.getByText("The network is off", { exact: true }).first().waitFor();
    expect(await page.getByRole("button", { name: /^Get Qwen3 1.7B/ }).isDisabled(), "no download without the network");
    await page.getByRole("switch", { name: "Allow network" }).click();
    await page.getByRole("button", { name: /^Get Qwen3 1.7B/ }).click();
    await page.getByRole("button", { name: "Pause the download of Qwen3 1.7B" }).click();
    await page.getByRole("list").getByText("Paused").first().waitFor();
    await page.getByRole("button", { name: "Go on with the download of Qwen3 1.7B" }).click();
    await page.getByRole("button", { name: "Cancel the download of Qwen3 1.7B" }).click();
    await page.getByText("are thrown away").waitFor();
    await page.getByRole("button", { name: "Throw away" }).click();
    await page.getByRole("button", { name: /^Get Qwen3 1.7B/ }).click();
    await page.getByRole("button", { name: "Chat now Qwen3 1.7B" }).waitFor();
    await page.getByRole("button", { name: "More about Qwen3 4B" }).click();
    await page.getByRole("menuitem", { name: "Remove…" }).click();
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    expect((await rpc("Models")).some((m) => m.ref === "qwen3-4b"), "the model still there");
    await page.getByRole("button", { name: "More about Qwen3 4B" }).click();
    await page.getByRole("menuitem", { name: "Remove…" }).click();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByText("Qwen3 4B removed").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: "More about Qwen3 4B" }).waitFor();
  }, { fake: { pace: 25 } });

  await check("from nothing to a chat in three clicks", async (page) => {
    await rpc("SaveSettings", { ...(await rpc("State")).settings, networkAllowed: true });
    await page.getByRole("button", { name: /^Download/ }).click();
    await page.getByText("Qwen3 1.7B is ready").waitFor();
    await page.getByRole("textbox", { name: "Message" }).fill("Hello");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("A freehold is land you own outright").waitFor();
  }, { fake: { models: "none" } });

  await check("other tools’ models, checks, the disk and the log", async (page) => {
    await visit(page, "#/models");
    await page.getByRole("button", { name: "Look again for models of other tools" }).click();
    await page.getByText("1 model added; nothing was copied").waitFor();
    await page.getByRole("heading", { name: /llama3.1:8b/ }).getByText("Ollama").waitFor();
    await page.getByRole("button", { name: "More about llama3.1:8b" }).click();
    await page.getByRole("menuitem", { name: "Check the file" }).click();
    await page.getByText("Checking").first().waitFor();
    await page.getByRole("button", { name: "More about llama3.1:8b" }).click();
    await page.getByRole("menuitem", { name: "Remove from the list" }).click();
    await page.getByText("llama3.1:8b removed").waitFor();
    await page.getByRole("textbox", { name: /^Move all models/ }).fill("/media/big");
    await page.getByRole("button", { name: "Move", exact: true }).click();
    await page.getByRole("progressbar", { name: "Moving the models" }).waitFor();
    await page.getByRole("link", { name: "The network is off" }).click();
    await page.getByText("Nothing has left this machine.").waitFor();
    await page.getByRole("button", { name: "Allow network" }).click();
    await rpc("Pull", "qwen3-1.7b");
    await page.getByRole("cell", { name: /huggingface.co/ }).waitFor();
  }, { fake: { pace: 60 } });

  await check("settings are kept", async (page) => {
    await visit(page, "#/settings");
    await page.getByRole("radio", { name: "Dark" }).click();
    expect((await page.evaluate(() => getComputedStyle(document.body).backgroundColor)) === "rgb(21, 24, 22)", "the dark paper");
    await page.getByRole("textbox", { name: "System prompt" }).fill("Be brief.");
    await page.getByRole("textbox", { name: "Temperature" }).fill("0.3");
    await page.getByRole("textbox", { name: "Threads" }).fill("9999");
    await page.getByRole("textbox", { name: "Context length" }).click();
    await page.getByRole("button", { name: "Remove what is kept (1.3 GB)" }).click();
    await page.getByText("Nothing is kept of long texts any more").waitFor();
    expect((await page.getByRole("button", { name: "Remove what is kept" }).count()) === 0, "nothing more to remove");
    await page.getByRole("switch", { name: "Remember long texts" }).click();
    await until(async () => (await rpc("State")).settings.threads === 1024 && !(await rpc("State")).settings.snapshots, "the settings to be saved");
    await page.reload();
    await page.getByText("Be brief.").waitFor();
    const { settings } = await rpc("State");
    expect(settings.theme === "dark" && !settings.snapshots && settings.system === "Be brief." && settings.sampling.temperature === 0.3, `the saved settings, got ${JSON.stringify(settings)}`);
  }, { options: { colorScheme: "light" } });

  await check("each chat has its own instructions", async (page) => {
    await openFirst(page);
    await page.getByRole("button", { name: "This chat’s instructions and sampling" }).click();
    await page.getByRole("textbox", { name: "System prompt" }).fill("Answer as a surveyor.");
    await page.getByRole("slider", { name: "Temperature" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Escape");
    await until(async () => (await rpc("Chat", (await rpc("Chats"))[0].id)).sampling.temperature === 0.75, "the temperature");
    expect((await rpc("Chat", (await rpc("Chats"))[0].id)).system === "Answer as a surveyor.", "the system prompt");
    expect((await rpc("State")).settings.system === "", "the defaults untouched");
    await page.locator(".new-chat").click();
    await page.getByRole("button", { name: "This chat’s instructions and sampling" }).click();
    await page.getByRole("textbox", { name: "System prompt" }).fill("In verse.");
    await page.keyboard.press("Escape");
    await ask(page, "short");
    await answered(page);
    expect((await rpc("Chat", (await rpc("Chats"))[0].id)).system === "In verse.", "the new chat's system prompt");
  });

  await check("a lost connection is told, and made good", async (page) => {
    await openFirst(page);
    await rpc("Away", true);
    await page.getByText("The connection to Freehold is lost").waitFor();
    await composer(page).fill("kept");
    expect((await page.getByRole("button", { name: "Send" }).getAttribute("aria-disabled")) === "true", "no sending");
    await rpc("RenameChat", (await rpc("Chats"))[0].id, "Renamed meanwhile");
    await rpc("Away", false);
    await page.getByRole("link", { name: "Renamed meanwhile" }).waitFor();
    await until(async () => !(await page.getByText("The connection to Freehold is lost").isVisible()), "the notice to go");
    expect((await composer(page).inputValue()) === "kept", "the draft");
  });

  await server.end();
  return suite;
}
