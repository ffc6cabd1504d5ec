// Writing and the keyboard over the stand-in program: drafts, waiting messages,
// presets, commands, the palette, keys.
import { assertAccessible, expect, shot, until } from "./harness.mjs";

export async function composerChecks({ check, rpc, visit, answered, ask, composer, inBothThemes, openFirst }) {
  const value = (page) => composer(page).inputValue();
  const notice = (page, text) => page.locator(".toast", { hasText: text }).first();
  const waiting = (page) => page.locator(".queue-text").allTextContents();
  const busy = async (page, ...later) => {
    await ask(page, "endless");
    await page.locator(".answer table").waitFor();
    for (const text of later) await ask(page, text);
    await until(async () => (await waiting(page)).length === later.length, "the queue");
  };
  const focused = (page, selector) => until(() => page.evaluate((s) => document.activeElement?.matches(s), selector), `the focus at ${selector}`);

  await check("drafts are there after a reload, for chats and for the next one", async (page) => {
    await composer(page).fill("half a thought");
    await page.waitForFunction(() => true);
    await until(async () => (await rpc("Drafts")).some((d) => d.chatId === "" && d.text === "half a thought"), "the draft to be kept");
    await openFirst(page);
    await composer(page).fill("and another");
    await page.reload(); // at once: leaving saves it
    await answered(page);
    expect((await value(page)) === "and another", `the draft is ${await value(page)}`);
    await visit(page, "#/");
    await page.getByRole("heading", { name: "What shall we look into?" }).waitFor();
    expect((await value(page)) === "half a thought", `the next chat's draft is ${await value(page)}`);
  });

  await check("two pages of one chat have one draft, and the newer stays", async (page, context) => {
    const other = await context.newPage();
    await other.goto(page.url());
    await composer(other).waitFor();
    await composer(page).fill("written here");
    await until(async () => (await value(other)) === "written here", "the other page to follow");
    await rpc("SaveDraft", { chatId: "", text: "older", editedAt: 5 });
    await composer(other).fill("written there");
    await until(async () => (await value(page)) === "written there", "this page to follow");
    const [kept] = await rpc("Drafts");
    expect(kept.text === "written there", `kept is ${kept.text}`);
  });

  await check("the draft of a temporary chat that does not exist yet is not kept", async (page) => {
    await page.getByRole("button", { name: "New temporary chat" }).click();
    await composer(page).fill("whispered");
    await page.waitForTimeout(900);
    expect((await rpc("Drafts")).length === 0, "no draft is kept");
  });

  await check("messages wait, are edited, moved and removed by keys, and are sent in order", async (page) => {
    await busy(page, "short one", "short two", "short three");
    await page.getByRole("region", { name: "Waiting messages" }).getByText("3 messages wait").waitFor();
    await page.getByRole("button", { name: /^Drag.*3\. short three/ }).focus();
    await page.keyboard.press("ArrowUp");
    await until(async () => (await waiting(page)).join() === "short one,short three,short two", "the third to be second");
    await page.getByRole("button", { name: "Edit", exact: true }).nth(1).press("Enter");
    await page.getByRole("textbox", { name: "Waiting message, edited" }).fill("short drei");
    await page.keyboard.press("Enter");
    await until(async () => (await waiting(page))[1] === "short drei", "the edited text");
    await page.getByRole("button", { name: "Remove", exact: true }).first().press("Enter");
    await until(async () => (await waiting(page)).length === 2, "one less");
    await notice(page, "removed").getByRole("button", { name: "Undo" }).click();
    await until(async () => (await waiting(page))[0] === "short one", "it is back where it was");
    await assertAccessible(page, "waiting messages");
    await shot(page, "waiting messages");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Paused.").waitFor();
    await page.getByRole("button", { name: "Send them" }).click();
    await page.getByRole("button", { name: "Send now, and stop the answer" }).first().click();
    await page.getByRole("region", { name: "Waiting messages" }).waitFor({ state: "detached" });
    await answered(page);
    const asked = await page.locator(".question-text").allTextContents();
    expect(asked.slice(-4).join() === "endless,short one,short drei,short two", `asked were ${asked}`);
  });

  await check("waiting messages are dragged to another place", async (page) => {
    await busy(page, "short one", "short two");
    await page.locator(".queue-grip").nth(1).dragTo(page.locator(".queue-item").first());
    await until(async () => (await waiting(page)).join() === "short two,short one", "the second to be first");
  });

  await check("Stop holds what waits, and Ctrl+Enter sends at once", async (page) => {
    await busy(page, "short later");
    await page.keyboard.press("Escape");
    await page.getByText("Held, because the answer was stopped").waitFor();
    await shot(page, "held messages");
    await ask(page, "endless again");
    await page.locator(".answer-last[aria-busy=true]").waitFor();
    await composer(page).fill("short now");
    await page.keyboard.press("Control+Enter");
    await until(async () => (await page.locator(".question-text").allTextContents()).includes("short now"), "the urgent question");
    await page.getByRole("region", { name: "Waiting messages" }).waitFor({ state: "detached" });
    await answered(page);
  });

  await check("commands open with /, are filtered, chosen and left by keys", async (page) => {
    await openFirst(page);
    await composer(page).fill("/");
    const list = page.getByRole("listbox", { name: "Commands" });
    await list.waitFor();
    expect((await list.getByRole("option").count()) > 10, "many commands");
    await assertAccessible(page, "the list of commands");
    await shot(page, "commands");
    await page.keyboard.type("titl");
    await until(async () => (await list.getByRole("option").first().textContent()).startsWith("/title"), "the title first");
    await page.keyboard.press("Enter");
    expect((await value(page)) === "/title ", `completed to ${await value(page)}`);
    await page.keyboard.type("Deeds and terms");
    await page.keyboard.press("Enter");
    await page.locator(".topbar-title", { hasText: "Deeds and terms" }).waitFor();
    expect((await value(page)) === "", "the field is empty again");
    await page.keyboard.type("/model ");
    await page.keyboard.type("qwen");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^Model: Qwen3 4B/ }).waitFor();
    await page.keyboard.type("/temp 9");
    await page.keyboard.press("Enter");
    await notice(page, "Give a number from 0 to 2").waitFor();
    expect((await value(page)) === "/temp 9", "what was wrong stays");
    await composer(page).fill("/he");
    await list.waitFor();
    await page.keyboard.press("Escape");
    await list.waitFor({ state: "detached" });
    expect((await value(page)) === "/he", "Escape leaves the text");
    await composer(page).fill("/etc/hosts is short");
    await page.keyboard.press("Enter");
    await page.locator(".question-text", { hasText: "/etc/hosts" }).waitFor();
  });

  await check("a prompt asks for its variables, and hostile text stays text", async (page) => {
    await openFirst(page);
    await composer(page).fill("/trans");
    await page.keyboard.press("Enter");
    const form = page.getByRole("dialog", { name: "Fill in: Translate" });
    await form.getByRole("textbox", { name: "Language" }).fill("German");
    await form.getByRole("textbox", { name: "Text" }).fill("{{input:Language}} <img src=x onerror=alert(1)> {{date}} $& short");
    await form.getByText("What will be sent").click();
    await assertAccessible(page, "variables");
    await shot(page, "variables");
    await form.getByRole("button", { name: "Put into the message" }).press("Enter");
    await form.waitFor({ state: "detached" });
    expect((await value(page)).endsWith("{{input:Language}} <img src=x onerror=alert(1)> {{date}} $& short"), `it became ${await value(page)}`);
    expect((await value(page)).includes("into German."), "the language is filled in");
    await page.keyboard.press("Enter");
    await page.locator(".question-text", { hasText: "onerror=alert(1)" }).waitFor();
    expect((await page.locator(".question-text img").count()) === 0, "no picture was made of it");
  });

  await check("presets are made, changed, hidden, deleted and brought back", async (page) => {
    await visit(page, "#/presets");
    await page.getByRole("heading", { name: "Presets", level: 1 }).waitFor();
    await page.getByRole("button", { name: "New preset" }).click();
    const editor = page.getByRole("dialog");
    await editor.getByLabel("Name", { exact: true }).fill("Lease reader");
    await editor.getByLabel("What it is for").fill("Reads leases for tenants");
    await editor.getByLabel("Instructions").fill("You read leases.");
    await editor.getByLabel("Prompt").fill("Read it on {{date}}: {{input:Clause}}");
    await editor.getByLabel("Command").fill("lease");
    await editor.getByRole("radio", { name: "Violet" }).click();
    await editor.getByRole("radio", { name: "Book" }).click();
    await editor.getByLabel("Example questions").fill("Who repairs the roof?");
    await assertAccessible(page, "the editor of presets");
    await shot(page, "preset editor");
    await editor.getByRole("button", { name: "Save" }).click();
    await editor.waitFor({ state: "detached" });
    await page.getByRole("heading", { name: "Lease reader" }).waitFor();
    await page.getByRole("button", { name: "More about “Lease reader”" }).click();
    await page.getByRole("menuitem", { name: "Duplicate" }).click();
    await page.getByRole("heading", { name: "Lease reader (copy)" }).waitFor();
    await page.getByRole("button", { name: "More about “Lease reader (copy)”" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("heading", { name: "Lease reader (copy)" }).waitFor({ state: "detached" });
    await notice(page, "deleted").getByRole("button", { name: "Undo" }).click();
    await page.getByRole("heading", { name: "Lease reader (copy)" }).waitFor();
    await page.getByRole("button", { name: "More about “Rewrite”" }).click();
    await page.getByRole("menuitem", { name: "Hide" }).click();
    await page.getByRole("button", { name: "Show again: Rewrite" }).waitFor();
    await page.getByRole("button", { name: "New chat: Lease reader", exact: true }).click();
    await page.getByText("Preset: Lease reader").waitFor();
    await page.getByRole("button", { name: "Who repairs the roof?" }).waitFor();
    await shot(page, "a chat begins with a preset");
    await ask(page, "short");
    await answered(page);
    const [newest] = await rpc("Chats");
    expect((await rpc("Chat", newest.id)).system === "You read leases.", "the chat has its instructions");
    await page.keyboard.press("Alt+i");
    await page.getByRole("combobox", { name: "Use a preset" }).click();
    await page.getByRole("option", { name: "Summarise" }).click();
    await notice(page, "“Summarise” holds from the next answer on").waitFor();
    await until(async () => (await page.getByLabel("System prompt").inputValue()).startsWith("You summarise texts"), "its instructions");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await composer(page).fill("/lea");
    await page.getByRole("option", { name: /^\/lease/ }).waitFor();
  });

  await check("presets are exported and imported", async (page) => {
    await rpc("SavePreset", { id: "", name: "Letters", about: "", icon: "mail", colour: "rose", system: "Write letters.", prompt: "", command: "", model: "", sampling: null, sources: { documents: [], collections: [], route: "" }, examples: [], hidden: false, createdAt: 0 });
    await visit(page, "#/presets");
    const down = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export all of mine" }).click();
    const path = await (await down).path();
    await page.getByLabel("Import", { exact: true }).last().setInputFiles(path);
    await notice(page, "One preset imported").waitFor();
    await until(async () => (await page.getByRole("heading", { name: "Letters" }).count()) === 2, "it is there twice");
    await page.getByLabel("Import", { exact: true }).last().setInputFiles({ name: "x.json", mimeType: "application/json", buffer: Buffer.from("{}") });
    await notice(page, "no file of presets").waitFor();
  });

  await check("the palette finds commands, chats, models and presets", async (page) => {
    await page.keyboard.press("Control+k");
    const field = page.getByRole("combobox", { name: "Commands, chats, models, documents, settings" });
    await field.waitFor();
    await focused(page, "[role=combobox]");
    await assertAccessible(page, "the palette");
    await shot(page, "palette");
    await page.keyboard.type("rye");
    await until(async () => /sourdough/.test(await page.locator("[role=option][aria-selected=true]").textContent()), "the recipe first");
    await shot(page, "palette with letters");
    await page.keyboard.press("Enter");
    await page.locator(".topbar-title", { hasText: "Recipe: rye sourdough" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("group", { name: "Last used" }).getByText("Recipe: rye sourdough").waitFor();
    await page.keyboard.type("qwen");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^Model: Qwen3 4B/ }).waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("wordsthatnobodywrote");
    await page.getByText("Nothing is called that.").waitFor();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => location.hash === "#/search/wordsthatnobodywrote");
    await page.keyboard.press("Control+k");
    await page.keyboard.press("Escape");
    await field.waitFor({ state: "detached" });
  });

  await check("everything in a chat has a key", async (page) => {
    await openFirst(page);
    const titleNow = () => page.locator(".topbar-title").textContent();
    const first = await titleNow();
    await page.keyboard.press("Alt+ArrowDown");
    await until(async () => (await titleNow()) !== first, "the next chat");
    await page.keyboard.press("Alt+ArrowUp");
    await until(async () => (await titleNow()) === first, "the first chat again");
    await answered(page);
    await page.locator(".messages").focus();
    await page.keyboard.press("/");
    await focused(page, "#composer");
    expect((await value(page)) === "", "the key itself is not written");
    await page.keyboard.press("Alt+c");
    await notice(page, "Copied").waitFor();
    expect((await page.evaluate(() => navigator.clipboard.readText())).includes("freehold"), "the answer is on the clipboard");
    await page.keyboard.press("ArrowUp");
    await page.getByRole("textbox", { name: "Your question, edited" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Alt+q");
    await page.getByRole("textbox", { name: "Your question, edited" }).fill("short again");
    await page.keyboard.press("Enter");
    await page.locator(".answer-last", { hasText: "Yes." }).waitFor();
    await answered(page);
    await page.keyboard.press("Alt+r");
    await page.locator(".answer-last .versions", { hasText: "2/2" }).waitFor();
    await answered(page);
    await page.keyboard.press("Alt+m");
    await page.getByRole("menu").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "detached" });
    await page.keyboard.press("Alt+i");
    await page.getByRole("dialog", { name: "This chat" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Control+/");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await assertAccessible(page, "the keys");
    await shot(page, "keys");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Control+Shift+f");
    await page.waitForFunction(() => location.hash.startsWith("#/search"));
  });

  await check("pasted pictures and files become documents of the chat", async (page) => {
    await openFirst(page);
    const paste = (files, text = "") =>
      composer(page).evaluate(
        (box, [names, words]) => {
          const data = new DataTransfer();
          for (const name of names) data.items.add(new File(["x"], name, { type: name.endsWith("png") ? "image/png" : "text/plain" }));
          if (words) data.setData("text/plain", words);
          box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        },
        [files, text],
      );
    await paste(["image.png"]);
    await page.locator(".source-chip, .chip", { hasText: "Pasted picture" }).first().waitFor();
    await paste(["image.png"], "words out of an office program");
    await paste(["minutes.txt"]);
    await page.locator(".source-chip, .chip", { hasText: "minutes.txt" }).first().waitFor();
    const docs = await rpc("Documents");
    expect(docs.filter((d) => d.name.startsWith("Pasted picture")).length === 1, "a picture of pasted text is no document");
  });

  const states = {
    "waiting messages": (page) => busy(page, "short one", "short two"),
    "held messages": async (page) => {
      await busy(page, "short one");
      await page.keyboard.press("Escape");
      await page.getByText("Held, because").waitFor();
    },
    commands: async (page) => {
      await openFirst(page);
      await composer(page).fill("/");
      await page.getByRole("listbox", { name: "Commands" }).waitFor();
    },
    palette: async (page) => {
      await page.keyboard.press("Control+k");
      await page.keyboard.type("le");
      await page.getByRole("combobox").waitFor();
    },
    keys: async (page) => {
      await page.keyboard.press("Control+/");
      await page.getByRole("dialog", { name: "Keys" }).waitFor();
    },
    presets: async (page) => {
      await visit(page, "#/presets");
      await page.getByRole("heading", { name: "Summarise" }).waitFor();
    },
    "editing a preset": async (page) => {
      await visit(page, "#/presets");
      await page.getByRole("button", { name: "New preset" }).click();
      await page.getByRole("dialog").waitFor();
    },
  };
  for (const [name, reach] of Object.entries(states))
    await check(`accessible: ${name}`, async (page) => {
      await reach(page);
      await inBothThemes(page, name);
    });
}
