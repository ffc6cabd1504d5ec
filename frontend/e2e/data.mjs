// The user's own data over the stand-in program: what an import would bring, what
// it brought, the way back, and the ways out.
import { assertAccessible, expect, shot, until } from "./harness.mjs";

export async function dataChecks({ check, visit, rpc, inBothThemes, drop }) {
  const file = { name: "export.json", mimeType: "application/json", buffer: Buffer.from("[]") };
  const preview = async (page) => {
    await page.route("**/upload", (route) => route.fulfill({ json: ["/home/ada/export.json"] }));
    await visit(page, "#/settings");
    await page.getByRole("heading", { name: "Your data" }).scrollIntoViewIfNeeded();
    await page.locator("input[type=file][aria-label^='Files with chats']").setInputFiles(file);
    await page.getByRole("dialog").getByText("Planning the garden").waitFor();
  };

  await check("accessible: what an import would bring", async (page) => {
    await preview(page);
    await inBothThemes(page, "what an import would bring");
  });

  await check("chats are imported after a look, and the import is taken back", async (page) => {
    await preview(page);
    await page.getByText("images are not taken").waitFor();
    await page.getByRole("button", { name: "Import 2 chats" }).click();
    await page.locator(".chat-link", { hasText: "A roof for the shed" }).waitFor();
    await page.getByText("2 chats came").scrollIntoViewIfNeeded();
    await assertAccessible(page, "imports");
    await shot(page, "imports");
    await page.getByRole("button", { name: "Take back" }).click();
    await page.locator(".chat-link", { hasText: "A roof for the shed" }).waitFor({ state: "detached" });
    await page.getByText("taken back").waitFor();
  });

  await check("chats go out, one, some or all", async (page) => {
    const download = async (act) => {
      const [d] = await Promise.all([page.waitForEvent("download"), act()]);
      return d.suggestedFilename();
    };
    await visit(page, "#/settings");
    await page.getByRole("button", { name: "Export all chats" }).click();
    expect((await download(() => page.getByRole("menuitem", { name: /JSON, with/ }).click())) === "chats.json", "all as JSON");
    const [first] = await rpc("Chats");
    await page.locator(".chat-link", { hasText: first.title }).hover();
    await page.getByRole("button", { name: `More about “${first.title}”`, exact: true }).click();
    await page.getByRole("menuitem", { name: "Export" }).press("ArrowRight");
    expect((await download(() => page.getByRole("menuitem", { name: /training/ }).click())) === "chats.jsonl", "one as lines");
    await until(async () => (await page.getByRole("menu").count()) === 0, "the menu to close");
  });

  const backups = async (page) => {
    await visit(page, "#/settings");
    await page.getByRole("heading", { name: "Backup", exact: true }).scrollIntoViewIfNeeded();
  };
  const choose = async (page, name) => {
    await page.locator("input[type=file][aria-label^='A backup']").setInputFiles({ name, mimeType: "application/zip", buffer: Buffer.from("x") });
  };

  await check("a backup is made, with its progress, and may be cancelled", async (page) => {
    await backups(page);
    await page.getByRole("button", { name: "Back up" }).click();
    await page.getByRole("checkbox", { name: "With the models’ weights" }).check();
    await assertAccessible(page, "what goes into a backup");
    await shot(page, "backup options");
    await page.getByRole("dialog").getByRole("button", { name: "Back up" }).click();
    await page.getByRole("progressbar", { name: "Backing up" }).waitFor();
    await page.locator(".backup-running").getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("progressbar", { name: "Backing up" }).waitFor({ state: "detached" });
    expect((await page.getByText("The backup was not made").count()) === 0, "no failure of what the user has ended");
    await rpc("Reset", { pace: 1 });
    await page.getByRole("button", { name: "Back up" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Back up" }).click();
    await page.getByText("Backup made and read back").waitFor();
    expect((await page.getByRole("link", { name: "Download it" }).getAttribute("href")) === "/download/backup-1", "its address");
    await page.getByText("214 chats, 3,918 messages, 57 documents").waitFor();
    await shot(page, "backup made");
  }, { fake: { pace: 60 } });

  await check("a backup is looked at, restored with the next start, or not", async (page) => {
    await backups(page);
    await choose(page, "letter.pdf");
    await page.getByText("is not a backup").waitFor();
    await choose(page, "old.freehold-backup");
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Qwen3 4B").waitFor();
    await inBothThemes(page, "a backup that may be restored");
    await shot(page, "backup restore");
    await dialog.getByRole("button", { name: "Restore at the next start" }).click();
    await page.getByText("A backup is ready to be restored").waitFor();
    await assertAccessible(page, "a restore that waits");
    await page.getByRole("button", { name: "Do not restore" }).click();
    await page.getByText("A backup is ready to be restored").waitFor({ state: "detached" });
  });

  await check("chats and a backup of Freehold are looked at when they are dropped", async (page) => {
    await page.route("**/upload", (route) => route.fulfill({ json: [route.request().postData().includes("backup") ? "/uploads/old.freehold-backup" : "/uploads/Pets.freehold-chat"] }));
    await drop(page, "Pets.freehold-chat");
    await page.getByRole("dialog").getByText("Planning the garden").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    await visit(page, "#/");
    await drop(page, "old.freehold-backup");
    await page.getByRole("dialog").getByText("Restore this backup?").waitFor();
    expect((await rpc("Documents")).length === 0, "no document of them");
  }, { fake: { documents: "none" } });

  await check("what a restore came to is told until it is put away", async (page) => {
    await rpc("HaveRestored");
    await page.reload();
    await page.getByText("The library was restored from").waitFor();
    await page.reload();
    await page.getByText("The library was restored from").waitFor();
    await backups(page);
    await page.getByText("The restored library uses models that are not here").waitFor();
    await shot(page, "restored");
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await until(async () => (await rpc("Notices")).length === 0, "the notice to be forgotten");
    await page.reload();
    await page.locator(".frame").waitFor();
    await page.getByRole("heading", { name: "Backup", exact: true }).waitFor();
    expect((await page.getByText("The library was restored from").count()) === 0, "no second telling");
  });
}
