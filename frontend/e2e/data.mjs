// The user's own data over the stand-in program: what an import would bring, what
// it brought, the way back, and the ways out.
import { assertAccessible, expect, shot, until } from "./harness.mjs";

export async function dataChecks({ check, visit, rpc, inBothThemes }) {
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
}
