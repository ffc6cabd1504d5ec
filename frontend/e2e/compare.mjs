// Branches on their map, answers side by side, two chats beside each other, and
// what goes on.
import { assertAccessible, expect, shot, until } from "./harness.mjs";

export async function compareChecks({ check, rpc, visit, answered, ask, composer, openFirst, inBothThemes }) {
  const tree = (page) => page.getByRole("tree", { name: "Messages of this chat, as a tree" });
  const node = (page, name) => page.getByRole("treeitem", { name });
  const columns = (page) => page.locator(".column");
  const written = (page, n = 2) => until(async () => (await page.locator(".column .answer[aria-busy=false]").count()) === n, "all answers");

  const openMap = async (page) => {
    await page.getByRole("button", { name: "Map of this chat" }).click();
    await tree(page).waitFor();
    await page.locator(".map-node").first().waitFor();
  };
  const branched = async (page) => {
    await openFirst(page);
    await page.getByRole("button", { name: "Answer again" }).click();
    await page.getByRole("img", { name: "Version 2 of 2" }).waitFor();
    await answered(page);
    await ask(page, "short one");
    await page.locator(".answer-last", { hasText: "Yes." }).waitFor();
    await answered(page);
  };
  const chooseTwo = async (page) => {
    await page.getByRole("button", { name: /^Model:/ }).click();
    await page.getByRole("menuitem", { name: "Compare models…" }).click();
    await page.getByRole("dialog", { name: "Compare answers" }).waitFor();
  };
  const compareTwo = async (page, text = "What is a freehold?") => {
    await chooseTwo(page);
    await page.getByRole("button", { name: "Compare from the next question on" }).click();
    await page.getByText("2 answers to each question").waitFor();
    await ask(page, text);
    await columns(page).nth(1).waitFor();
  };
  /** A chat of many messages with branches. */
  const largeChat = async (page) => {
    const chat = await rpc("NewChat", "");
    await rpc("Grow", chat.id, 500);
    await visit(page, `#/chat/${chat.id}`);
    await page.locator(".messages .answer").first().waitFor();
  };

  const states = {
    "map of a chat": async (page) => {
      await branched(page);
      await openMap(page);
    },
    "map of a large chat": async (page) => {
      await largeChat(page);
      await openMap(page);
    },
    "map of a large chat, all of it": async (page) => {
      await largeChat(page);
      await openMap(page);
      await page.getByRole("button", { name: "Show everything" }).click();
    },
    "menu of a message": async (page) => {
      await branched(page);
      await page.locator(".answer-last").getByRole("button", { name: "More about this message" }).click();
      await page.getByRole("menu").waitFor();
    },
    "choosing what to compare": chooseTwo,
    "answers side by side": async (page) => {
      await compareTwo(page);
      await written(page);
      await page.locator(".column").first().getByRole("button", { name: "Best answer" }).click();
      await page.getByText("The best", { exact: true }).waitFor();
    },
    "answers side by side, one waits": async (page) => {
      await rpc("Reset", { pace: 60 });
      await page.reload();
      await composer(page).waitFor();
      await compareTwo(page, "wait for endless memory");
      await page.getByText("Waits until the other model is done").first().waitFor();
    },
    "differences of two answers": async (page) => {
      await compareTwo(page);
      await written(page);
      await page.getByRole("button", { name: "Show differences" }).click();
      await page.locator("ins").first().waitFor();
    },
    "activity": async (page) => {
      await visit(page, "#/activity");
      await page.getByText("Nothing runs at the moment.").waitFor();
      await page.getByText("Freehold itself").waitFor();
    },
    "activity at work": async (page) => {
      await compareTwo(page, "wait for endless memory");
      await rpc("SaveSettings", { ...(await rpc("State")).settings, networkAllowed: true });
      await rpc("Pull", "qwen3-1.7b");
      await visit(page, "#/activity");
      await page.getByText("waits for memory").waitFor();
      await page.waitForTimeout(4500); // two looks make a line
    },
  };
  const openTwo = async (page) => {
    await openFirst(page);
    await page.locator(".chat-item").nth(1).hover();
    await page.getByRole("button", { name: /^More about “Letter/ }).click();
    await page.getByRole("menuitem", { name: "Open beside" }).click();
    await page.locator(".pane-right .answer-last[aria-busy=false]").waitFor();
  };
  states["two chats beside each other"] = openTwo;
  for (const [name, reach] of Object.entries(states))
    await check(`accessible: ${name}`, async (page) => {
      await reach(page);
      await inBothThemes(page, name);
    });

  await check("the map is walked by keys, and leads to a branch", async (page) => {
    await branched(page);
    await openMap(page);
    expect((await node(page, /./).count()) === 5, "five messages");
    expect((await page.locator("[role=treeitem][aria-selected=true]").count()) === 1, "one that is shown");
    await page.locator(".map-leaf").focus();
    for (const key of ["ArrowUp", "ArrowUp"]) await page.keyboard.press(key);
    await until(() => page.evaluate(() => document.activeElement.classList.contains("map-answer")), "the focus on an answer");
    await page.keyboard.press("ArrowLeft");
    await until(() => page.evaluate(() => document.activeElement.getAttribute("aria-posinset") === "1"), "its older version");
    await page.keyboard.press("Enter");
    await until(async () => (await page.locator(".map-leaf").getAttribute("aria-posinset")) === "1", "that branch to be shown");
    await page.keyboard.press("Escape");
    await tree(page).waitFor({ state: "detached" });
    await page.getByRole("img", { name: "Version 1 of 2" }).waitFor();
  });

  await check("a branch is removed on the map and brought back", async (page) => {
    await branched(page);
    await openMap(page);
    await page.locator(".map-leaf").focus();
    await page.keyboard.press("Delete");
    await until(async () => (await page.locator(".map-node").count()) === 3, "two messages fewer");
    await page.getByRole("button", { name: "Undo" }).click();
    await until(async () => (await rpc("Chat", (await rpc("Chats"))[0].id)).messages.length === 5, "them again");
    await page.locator(".answer-last", { hasText: "Yes." }).waitFor();
  });

  await check("a new chat begins anywhere in another", async (page) => {
    await branched(page);
    await page.locator(".answer").first().hover();
    await page.locator(".answer").first().getByRole("button", { name: "More about this message" }).click();
    await page.getByRole("menuitem", { name: "New chat from here" }).click();
    await until(async () => (await page.locator(".question").count()) === 1 && (await page.locator(".answer").count()) === 1, "one exchange");
    await page.locator(".question").hover();
    await page.locator(".question").getByRole("button", { name: "More about this message" }).click();
    await page.getByRole("menuitem", { name: "New chat from here" }).click();
    await until(async () => /freehold/.test(await composer(page).inputValue()), "the question in the composer");
    expect((await page.locator(".question").count()) === 0, "an empty chat");
  });

  await check("the map of 500 messages is laid out, zoomed and dragged", async (page) => {
    await largeChat(page);
    await openMap(page);
    await page.getByText("500 messages").waitFor();
    await page.getByRole("button", { name: "Show everything" }).click();
    const within = await page.evaluate(() => {
      const box = document.querySelector(".map-box").getBoundingClientRect();
      const lines = document.querySelector(".map-lines").getBoundingClientRect();
      return lines.left >= box.left - 1 && lines.right <= box.right + 1 && lines.top >= box.top - 1 && lines.bottom <= box.bottom + 1;
    });
    expect(within, "all messages in sight");
    await page.getByRole("button", { name: "Show where I am" }).click();
    const place = () => page.locator(".map-leaf").boundingBox();
    const before = await place();
    const box = await page.locator(".map-box").boundingBox();
    await page.mouse.move(box.x + 12, box.y + 12);
    await page.mouse.down();
    await page.mouse.move(box.x + 72, box.y + 52, { steps: 4 });
    await page.mouse.up();
    const after = await place();
    expect(Math.abs(after.x - before.x - 60) < 3 && Math.abs(after.y - before.y - 40) < 3, "the map to go along with the pointer");
  });

  await check("the map follows an answer that is written", async (page) => {
    await openFirst(page);
    await ask(page, "endless");
    await openMap(page);
    await page.locator(".map-writing").waitFor();
    expect((await page.locator(".map-leaf.map-writing").count()) === 1, "the new answer to be the one that is shown");
    await page.keyboard.press("Escape");
  });

  await check("two models answer one question, one is judged the best and gone on with", async (page) => {
    await compareTwo(page);
    await written(page);
    for (const name of ["SmolLM2 135M Instruct", "Qwen3 4B"]) await page.locator(".column-head", { hasText: name }).waitFor();
    await columns(page).first().getByRole("button", { name: "Best answer" }).click();
    await page.getByText("The best", { exact: true }).waitFor();
    const verdicts = async () => (await rpc("Chat", (await rpc("Chats"))[0].id)).messages.filter((m) => m.trial).map((m) => m.trial.verdict).join();
    expect((await verdicts()) === "best,worse", "the verdict kept");
    await page.getByRole("button", { name: "All about alike" }).click();
    await until(async () => (await verdicts()) === "alike,alike", "another verdict");
    await columns(page).first().getByRole("button", { name: "Go on with this one" }).click();
    await page.getByRole("img", { name: "Version 1 of 2" }).waitFor();
    expect((await columns(page).count()) === 0, "one answer only");
    await page.getByRole("button", { name: "Stop comparing" }).click();
    await ask(page, "short one");
    await page.locator(".answer-last", { hasText: "Yes." }).waitFor();
  });

  await check("one of several answers is stopped, the other goes on", async (page) => {
    await compareTwo(page, "endless");
    await columns(page).first().getByRole("button", { name: /^Stop the answer by/ }).click();
    await columns(page).first().getByText("You stopped this answer here.").waitFor();
    const length = () => columns(page).nth(1).locator(".md").textContent().then((s) => s.length);
    const before = await length();
    await until(async () => (await length()) > before, "more words of the other");
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await columns(page).nth(1).getByText("You stopped this answer here.").waitFor();
  }, { fake: { pace: 8 } });

  await check("differences are marked, or the answers shown as written", async (page) => {
    await compareTwo(page);
    await written(page);
    await page.getByRole("button", { name: "Show differences" }).click();
    await page.locator("del").first().waitFor();
    expect((await page.locator("ins").count()) > 2, "what the second has alone");
    await page.getByText(/\d+\s*% in common/).waitFor();
    expect((await page.locator(".differences-side .column-facts").allTextContents()).every((s) => /tokens\/s/.test(s)), "figures beside each");
    await page.getByRole("radio", { name: "As written" }).click();
    await page.locator(".differences-side strong", { hasText: "freehold" }).first().waitFor();
    expect((await page.locator("ins").count()) === 0, "no marks");
  });

  await check("a question that was asked is put to other models", async (page) => {
    await openFirst(page);
    await page.locator(".answer-last").getByRole("button", { name: "More about this message" }).click();
    await page.getByRole("menuitem", { name: "Ask other models too…" }).click();
    await page.getByRole("button", { name: "Add another" }).click();
    await page.getByRole("button", { name: "Answer now" }).click();
    await written(page, 3);
    expect((await rpc("Chat", (await rpc("Chats"))[0].id)).messages.length === 5, "three more answers");
  });

  await check("two chats are written in side by side, and stay in the address", async (page) => {
    await openTwo(page);
    expect(/#\/chat\/[^/]+\/beside\/[^/]+$/.test(page.url()), "both in the address");
    await until(() => page.evaluate(() => document.activeElement.id === "composer-beside"), "the keyboard on the new side");
    await page.keyboard.type("short one");
    await page.keyboard.press("Enter");
    await page.locator(".pane-right .answer-last", { hasText: "Yes." }).waitFor();
    await page.keyboard.press("F6");
    await until(() => page.evaluate(() => document.activeElement.id === "composer"), "the keyboard on the other side");
    await page.keyboard.type("endless");
    await page.keyboard.press("Enter");
    await page.locator(".pane-left .answer-last[aria-busy=true] .md").waitFor();
    await page.keyboard.press("F6");
    await until(() => page.evaluate(() => document.activeElement.id === "composer-beside"), "the keyboard on the right");
    await page.keyboard.press("Escape"); // of the side where nothing is written
    await page.waitForTimeout(300);
    expect((await page.locator(".pane-left .answer-last[aria-busy=true]").count()) === 1, "the other side to go on");
    await page.keyboard.press("F6");
    await until(() => page.evaluate(() => document.activeElement.id === "composer"), "the keyboard on the left");
    await page.keyboard.press("Escape");
    await page.locator(".pane-left").getByText("You stopped this answer here.").waitFor();
    await page.reload();
    await page.locator(".pane-right .answer-last").waitFor();
    await page.locator(".pane-right textarea").focus();
    await page.locator(".chat-link", { hasText: "Rust lifetimes" }).click();
    await page.locator(".pane-right .topbar-title", { hasText: "Rust lifetimes" }).waitFor();
    await page.locator(".pane-left").getByRole("button", { name: "Close this side" }).click();
    await page.locator(".pane-right").waitFor({ state: "detached" });
    await page.locator(".topbar-title", { hasText: "Rust lifetimes" }).waitFor();
  });

  await check("a chat that is dragged to the side is opened there", async (page) => {
    await openFirst(page);
    const from = await page.locator(".chat-link").nth(2).boundingBox();
    await page.mouse.move(from.x + 20, from.y + 8);
    await page.mouse.down();
    await page.mouse.move(from.x + 90, from.y + 20, { steps: 4 });
    await page.locator(".split-drop").waitFor();
    const to = await page.locator(".split-drop").boundingBox();
    await page.mouse.move(to.x + to.width / 2, to.y + to.height / 2, { steps: 6 });
    await shot(page, "dropping a chat");
    await page.mouse.up();
    await page.locator(".pane-right .answer-last").waitFor();
  });

  await check("on a narrow window one of two chats is shown", async (page) => {
    const [a, b] = await rpc("Chats");
    await visit(page, `#/chat/${a.id}/beside/${b.id}`);
    await page.locator(".pane-active .answer-last").waitFor();
    expect((await page.locator(".page:visible").count()) === 1, "one side");
    await page.locator(".pane-active").getByRole("button", { name: "Go to the other side" }).click();
    await page.locator(".pane-right.pane-active .answer-last").waitFor();
    await shot(page, "420 split");
    await assertAccessible(page, "split at 420");
  }, { options: { viewport: { width: 420, height: 760 } } });

  await check("what goes on is stopped where it is shown, and noted when it is over", async (page) => {
    await compareTwo(page, "endless");
    await visit(page, "#/activity");
    const stops = page.getByRole("button", { name: /^Stop: Answer in/ });
    await until(async () => (await stops.count()) === 2, "both answers");
    await stops.first().click();
    await until(async () => (await stops.count()) === 1, "one answer");
    await stops.first().click();
    await page.getByText("Nothing runs at the moment.").waitFor();
    await until(async () => (await page.getByRole("heading", { name: "Answer: endless" }).count()) === 2, "both noted");
  }, { fake: { pace: 8 } });

  await check("activity is looked at only while the page is shown", async (page) => {
    let looks = 0;
    page.on("request", (r) => r.url().endsWith("/rpc/Activity") && looks++);
    await visit(page, "#/activity");
    await until(() => looks >= 2, "two looks");
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await page.waitForTimeout(500);
    const hidden = looks;
    await page.waitForTimeout(4500);
    expect(looks === hidden, "no look while the page is hidden");
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => false });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await until(() => looks > hidden, "a look again");
    await visit(page, "#/models");
    await page.waitForTimeout(500);
    const left = looks;
    await page.waitForTimeout(4500);
    expect(looks === left, "no look from another page");
  });

  for (const width of [320, 420, 900, 1600])
    await check(`comparing at ${width} pixels`, async (page) => {
      const over = async (what) => {
        await page.waitForTimeout(250);
        const wide = await page.evaluate(() =>
          Math.max(document.documentElement.scrollWidth - innerWidth, ...[...document.querySelectorAll("#main, .messages, .composer-box, .dialog, .map, .differences-body")].map((e) => e.scrollWidth - e.clientWidth)));
        await shot(page, `${width} ${what}`);
        expect(wide <= 0, `no sideways scrolling of ${what}; it is ${wide} pixels too wide`);
      };
      await compareTwo(page);
      await written(page);
      await over("side by side");
      await page.getByRole("button", { name: "Show differences" }).click();
      await page.locator("ins").first().waitFor();
      await over("differences");
      await assertAccessible(page, `differences at ${width}`);
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: /Change what is compared/ }).click();
      await page.getByRole("dialog").waitFor();
      await over("choosing ways");
      await page.keyboard.press("Escape");
      await openMap(page);
      await over("map");
      await page.keyboard.press("Escape");
      await visit(page, "#/activity");
      await page.getByText("Freehold itself").waitFor();
      await over("activity");
    }, { options: { viewport: { width, height: 760 } } });
}
