// The list of chats over the stand-in program: folders, pins, tags, the archive,
// selections, temporary chats, and the search through all messages.
import { assertAccessible, expect, shot, until } from "./harness.mjs";

export async function organiseChecks({ check, visit, answered, ask, composer, inBothThemes }) {
  const link = (page, title) => page.locator(".chat-link", { hasText: title });
  const titles = (page) => page.locator(".chat-list .chat-title").allTextContents();
  const menuOf = async (page, title) => {
    await link(page, title).hover();
    await page.getByRole("button", { name: `More about “${title}”`, exact: true }).click();
  };
  const choose = (page, name) => page.getByRole("menuitem", { name, exact: true }).click();
  const makeFolder = async (page, name) => {
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await choose(page, "New folder…");
    await page.getByRole("textbox", { name: "Name of the folder" }).fill(name);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: new RegExp(`^${name}`) }).waitFor();
  };
  const notice = (page, text) => page.locator(".toast", { hasText: text }).first();

  const arranged = async (page) => {
    await makeFolder(page, "House matters");
    await menuOf(page, "Letter to the landlord");
    await page.getByRole("menuitem", { name: "Move to folder" }).hover();
    await page.getByRole("menuitemcheckbox", { name: "House matters" }).click();
    await page.getByRole("region", { name: "House matters" }).getByText("Letter to the landlord").waitFor();
    await menuOf(page, "Names for a sailing boat");
    await choose(page, "Pin");
    await page.getByRole("region", { name: "Pinned" }).getByText("Names for a sailing boat").waitFor();
  };

  await check("chats are pinned, put in folders, and folders go without them", async (page) => {
    await arranged(page);
    expect((await titles(page))[0] === "Names for a sailing boat", `first is ${(await titles(page))[0]}`);
    await page.getByRole("button", { name: /^House matters/ }).click();
    await link(page, "Letter to the landlord").waitFor({ state: "detached" });
    await page.getByRole("button", { name: /^House matters/ }).press("Enter");
    await link(page, "Letter to the landlord").waitFor();
    await page.getByRole("button", { name: /^House matters/ }).hover();
    await page.getByRole("button", { name: "More about the folder “House matters”" }).click();
    await choose(page, "Delete folder Its chats stay");
    await page.getByRole("region", { name: "House matters" }).waitFor({ state: "detached" });
    await link(page, "Letter to the landlord").waitFor();
    await notice(page, "its chats are kept").getByRole("button", { name: "Undo" }).click();
    await page.getByRole("region", { name: "House matters" }).getByText("Letter to the landlord").waitFor();
  });

  await check("tags filter the list, and the archive is out of it", async (page) => {
    await menuOf(page, "Recipe: rye sourdough");
    await page.getByRole("menuitem", { name: "Tags" }).hover();
    await choose(page, "New tag…");
    await page.getByLabel("Tag", { exact: true }).fill("#kitchen");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByRole("menuitemradio", { name: "kitchen" }).click();
    await until(async () => (await titles(page)).join() === "Recipe: rye sourdough", "only that of the tag");
    await page.getByRole("button", { name: "Show all chats" }).click();
    await menuOf(page, "Rust lifetimes");
    await choose(page, "Archive");
    await link(page, "Rust lifetimes").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByRole("menuitemradio", { name: "Archive" }).click();
    await until(async () => (await titles(page)).join() === "Rust lifetimes", "the archive");
    await notice(page, "1 chat archived").getByRole("button", { name: "Undo" }).click();
    await page.getByText("The archive is empty.").waitFor();
  });

  await check("several chats are selected, and deleted and brought back at once", async (page) => {
    const before = await titles(page);
    await link(page, before[1]).click({ modifiers: ["Control"] });
    await link(page, before[3]).click({ modifiers: ["Shift"] });
    await page.getByText("3 chats selected").waitFor();
    await page.getByRole("checkbox", { name: `Select “${before[2]}”` }).click();
    await page.getByText("2 chats selected").waitFor();
    await assertAccessible(page, "selecting");
    await shot(page, "selecting chats");
    await page.getByRole("toolbar").getByRole("button", { name: "Delete" }).click();
    await until(async () => (await titles(page)).length === before.length - 2, "two less");
    await notice(page, "2 chats deleted").getByRole("button", { name: "Undo" }).click();
    await until(async () => (await titles(page)).join() === before.join(), "all are back");
    await link(page, before[0]).focus();
    await page.keyboard.press("Space");
    await page.getByText("1 chat selected").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("toolbar").waitFor({ state: "detached" });
  });

  await check("temporary chats say so and can be kept", async (page) => {
    await page.getByRole("button", { name: "New temporary chat" }).click();
    await page.getByText("Nothing of this chat comes to the disk").waitFor();
    await ask(page, "short question");
    await answered(page);
    await page.getByRole("img", { name: "Temporary chat" }).waitFor();
    await assertAccessible(page, "a temporary chat");
    await shot(page, "a temporary chat");
    await page.getByRole("button", { name: "Keep this chat" }).click();
    await page.getByText("Nothing of this chat comes to the disk").waitFor({ state: "detached" });
    await page.keyboard.press("Control+b");
    await page.keyboard.press("Control+b");
    await page.getByRole("button", { name: "New chat", exact: false }).first().click();
    await composer(page).waitFor();
    expect((await page.getByText("Nothing of this chat comes to the disk").count()) === 0, "the next chat is an ordinary one");
  });

  await check("all messages are searched, and the words are shown where they stand", async (page) => {
    await page.getByRole("textbox", { name: "Search chats" }).fill("leasehold before");
    await page.keyboard.press("Enter");
    const hit = page.locator(".find-hit").first();
    await hit.waitFor();
    await assertAccessible(page, "the search");
    await shot(page, "search");
    await page.getByRole("combobox", { name: "Written by" }).click();
    await page.getByRole("option", { name: "You" }).click();
    await until(async () => (await page.locator(".find-hit").count()) === 1, "one question");
    await hit.click();
    await page.locator(".question").waitFor();
    await page.waitForFunction(() => CSS.highlights.get("found")?.size === 2);
    const seen = await page.locator(".question").first().evaluate((e) => {
      const r = e.getBoundingClientRect();
      return r.top >= 0 && r.bottom <= innerHeight;
    });
    expect(seen, "the message is in sight");
    await visit(page, "#/search/nobodywrotethis");
    await page.getByText("No message holds “nobodywrotethis”.").waitFor();
  });

  const states = {
    "the list, arranged": arranged,
    "menu of a chat": async (page) => {
      await menuOf(page, "Rust lifetimes");
      await page.getByRole("menuitem", { name: "Tags" }).waitFor();
    },
    "searching everything": async (page) => {
      await visit(page, "#/search/freehold");
      await page.locator(".find-hit").first().waitFor();
    },
  };
  for (const [name, reach] of Object.entries(states))
    await check(`accessible: ${name}`, async (page) => {
      await reach(page);
      await inBothThemes(page, name);
    });
}
