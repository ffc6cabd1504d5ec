// Documents over the stand-in program: adding, receipts, collections, sources of
// a chat, citations and the pages they lead to.
import { assertAccessible, expect, shot, until } from "./harness.mjs";

const fake = { documents: "some" };

export async function documentChecks({ check, rpc, visit, answered, ask, composer, inBothThemes, drag, drop }) {
  const cite = (page, n) => page.locator(".answer").first().locator("button.cite", { hasText: n });
  const panel = (page) => page.locator(".source-panel");
  const openChat = async (page) => {
    await page.locator(".chat-link", { hasText: "Who repairs what" }).click();
    await answered(page);
  };
  const documentsPage = async (page) => {
    await visit(page, "#/documents");
    await page.getByRole("heading", { name: "lease-14b.pdf" }).waitFor();
  };

  const states = {
    documents: documentsPage,
    "documents, one in detail": async (page) => {
      await documentsPage(page);
      await page.getByRole("button", { name: "More about service-charges.xlsx" }).click();
      await page.getByRole("menuitem", { name: "Show details" }).click();
      await page.getByText("Date, What for, Amount (£)").scrollIntoViewIfNeeded();
    },
    "documents, menu of one": async (page) => {
      await documentsPage(page);
      await page.getByRole("button", { name: "More about lease-14b.pdf" }).click();
      await page.getByRole("menuitemcheckbox", { name: "The flat" }).waitFor();
    },
    "documents, searched inside": async (page) => {
      await documentsPage(page);
      await page.getByRole("textbox", { name: "Question or words to search for" }).fill("who repairs the roof");
      await page.keyboard.press("Enter");
      await page.getByText("keeps the roof").first().waitFor();
      await page.getByRole("button", { name: "What stands around it" }).first().click();
      await page.locator(".passage-around").first().waitFor();
    },
    "documents, a new collection": async (page) => {
      await documentsPage(page);
      await page.getByRole("button", { name: "New collection" }).click();
      await page.getByRole("dialog").waitFor();
    },
    "documents, a watched folder": async (page) => {
      await visit(page, "#/documents/papers");
      await page.getByText("Follows /home/ada/Papers").waitFor();
    },
    "documents dropped on a page": async (page) => {
      await documentsPage(page);
      await page.evaluate(() => setInterval(() => document.body.dispatchEvent(new DragEvent("dragover", { dataTransfer: Object.assign(new DataTransfer(), {}), bubbles: true, cancelable: true })), 20));
      await drag(page, ["dragenter", "dragover"], "paper.pdf");
      await page.getByText("Drop files or folders to add them").waitFor();
    },
    "a chat with sources": async (page) => {
      await openChat(page);
      await page.locator(".evidence").first().waitFor();
      await page.locator(".messages").hover();
      await page.mouse.wheel(0, -100_000);
      await page.waitForTimeout(300);
    },
    "how it was answered": async (page) => {
      await openChat(page);
      await page.getByText("written by rules").waitFor();
      await page.locator(".evidence-how summary").first().click();
    },
    "a citation's page": async (page) => {
      await openChat(page);
      await cite(page, "1").first().click();
      await page.locator(".page-mark").first().waitFor();
    },
    "a citation's text": async (page) => {
      await openChat(page);
      await cite(page, "1").first().click();
      await page.getByRole("radio", { name: "Text" }).click();
      await page.locator(".quote-mark").first().waitFor();
    },
    "source picker": async (page) => {
      await openChat(page);
      await page.getByRole("button", { name: /sources. Change/ }).click();
      await page.getByRole("checkbox", { name: /lease-14b/ }).waitFor();
    },
    "route menu": async (page) => {
      await openChat(page);
      await page.getByRole("button", { name: /^How to answer/ }).click();
      await page.getByRole("menuitemradio", { name: /Read all parts/ }).waitFor();
    },
    "export menu": async (page) => {
      await openChat(page);
      await page.getByRole("button", { name: "Save this answer with its sources" }).last().click();
      await page.getByRole("menuitem", { name: "As PDF" }).waitFor();
    },
    "context gauge with documents": async (page) => {
      await openChat(page);
      await page.getByRole("button", { name: /^Context:/ }).click();
      await page.getByText("Documents, last time").waitFor();
    },
    "inspecting an answer's search": async (page) => {
      await openChat(page);
      await page.locator(".evidence-how summary").first().click();
      await page.getByRole("button", { name: "Inspect the search" }).click();
      await page.getByRole("dialog").getByText("Service charge", { exact: false }).first().waitFor();
    },
  };
  for (const [name, reach] of Object.entries(states))
    await check(`accessible: ${name}`, async (page) => {
      await reach(page);
      await inBothThemes(page, name);
    }, { fake });

  await check("dropped files are read, with their progress, and become a chat's sources", async (page) => {
    await drop(page, "paper.pdf", "notes.txt");
    await page.getByText("This chat now answers from 2 more documents").waitFor();
    await page.locator(".chip", { hasText: "paper.pdf" }).waitFor();
    await page.getByText("still being read").waitFor();
    await shot(page, "dropped on a chat");
    await page.getByRole("button", { name: "Leave out notes.txt" }).click();
    await ask(page, "What does it say?");
    await answered(page);
    const [chat] = await rpc("Chats");
    expect((await rpc("Chat", chat.id)).sources.documents.length === 1, "one document to be the chat's");
    await visit(page, "#/documents");
    await page.getByText(/^6 pages$/).first().waitFor();
  }, { fake: { pace: 30 } });

  await check("files dropped on a collection belong to it", async (page) => {
    await visit(page, "#/documents/flat");
    await page.getByRole("heading", { name: "lease-14b.pdf" }).waitFor();
    await drop(page, "deed.pdf");
    await page.getByText("1 document added to “The flat”").waitFor();
    await page.getByRole("heading", { name: "deed.pdf" }).waitFor();
    await page.getByRole("link", { name: "The flat 3 documents" }).waitFor();
  }, { fake });

  await check("documents are paused, continued, read again, removed and kept after all", async (page) => {
    await documentsPage(page);
    await page.getByRole("button", { name: "Go on with building-handbook.epub" }).click();
    await page.getByRole("button", { name: "Pause building-handbook.epub" }).click();
    await page.getByRole("button", { name: "Go on with building-handbook.epub" }).waitFor();
    await page.getByRole("button", { name: "Read survey.odt again" }).click();
    await page.getByText("is no longer where it was").waitFor();
    const removeLease = async () => {
      await page.getByRole("button", { name: "More about lease-14b.pdf" }).click();
      await page.getByRole("menuitem", { name: "Remove" }).click();
      await page.getByRole("heading", { name: "lease-14b.pdf" }).waitFor({ state: "detached" });
    };
    await removeLease();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("heading", { name: "lease-14b.pdf" }).waitFor();
    expect((await rpc("Documents")).some((d) => d.id === "lease"), "the document to be there still");
    await removeLease();
    await until(async () => !(await rpc("Documents")).some((d) => d.id === "lease"), "the document to go");
  }, { fake });

  await check("collections are made, renamed and deleted", async (page) => {
    await documentsPage(page);
    await page.getByRole("button", { name: "New collection" }).click();
    await page.getByRole("textbox", { name: "Watch a folder" }).fill("/home/ada/Letters/");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Letters 0 documents" }).waitFor();
    await page.getByText("Follows /home/ada/Letters").waitFor();
    await page.getByRole("button", { name: /^More about the collection/ }).click();
    await page.getByRole("menuitem", { name: "Rename collection" }).click();
    await page.getByRole("textbox", { name: "Name of the collection" }).fill("Post");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Post 0 documents" }).waitFor();
    await page.getByRole("button", { name: /^More about the collection/ }).click();
    await page.getByRole("menuitem", { name: "Delete collection" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("link", { name: "Post 0 documents" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "More about minutes-may.docx" }).click();
    await page.getByRole("menuitemcheckbox", { name: "The flat" }).click();
    await page.getByRole("link", { name: "The flat 1 document" }).waitFor();
  }, { fake });

  await check("citations lead to their page, one after another, by mouse and by keys", async (page) => {
    await openChat(page);
    expect((await page.locator(".claim-unsupported").count()) > 0, "a sentence that nothing bears out");
    expect((await page.locator("button.cite-added").count()) === 1, "a citation that was found by checking");
    await cite(page, "1").first().click();
    await page.locator(".page-mark").first().waitFor();
    const box = await page.locator(".page-mark").first().boundingBox();
    const picture = await page.locator(".page-picture img").boundingBox();
    expect(box.x > picture.x && box.x + box.width < picture.x + picture.width && box.height < 40, "a mark on the page");
    await page.getByText("1 of 6").waitFor();
    await page.keyboard.press("ArrowRight");
    await page.getByText("2 of 6").waitFor();
    for (let i = 0; i < 4; i++) await page.getByRole("button", { name: "Next source" }).click();
    await panel(page).getByText("minutes-may.docx").first().waitFor();
    await panel(page).locator(".quote-mark", { hasText: "£3,420" }).waitFor();
    expect(await page.getByRole("button", { name: "Next source" }).isDisabled(), "no source after the last");
    await page.keyboard.press("Escape");
    await panel(page).waitFor({ state: "detached" });
    await until(() => cite(page, "1").first().evaluate((e) => e === document.activeElement), "the focus where it was");
  }, { fake });

  await check("all parts are read for a summary; tables give their rows; what is not there is said", async (page) => {
    await openChat(page);
    await ask(page, "Please summarise it all");
    await page.getByText(/Reading all parts: \d of 6/).waitFor();
    await answered(page);
    await page.getByText("34 of 34 passages read").waitFor();
    await ask(page, "How much is the total?");
    await page.locator(".question-text", { hasText: "How much is the total?" }).waitFor();
    await answered(page);
    await page.getByRole("cell", { name: "£9,120.00" }).last().waitFor();
    await page.getByText("GROUP BY").last().waitFor();
    await ask(page, "Are there unicorns?");
    await page.locator(".question-text", { hasText: "Are there unicorns?" }).waitFor();
    await answered(page);
    await page.getByText("these documents do not tell").waitFor();
  }, { fake: { ...fake, pace: 12 } });

  await check("an answer is saved with its sources", async (page) => {
    await openChat(page);
    for (const [item, file] of [["As Markdown", "answer.md"], ["As PDF", "answer.pdf"]]) {
      await page.getByRole("button", { name: "Save this answer with its sources" }).last().click();
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: item }).click()]);
      expect(download.suggestedFilename() === file, file);
    }
  }, { fake });

  await check("a chat's way to an answer and its documents can be chosen", async (page) => {
    await page.getByRole("button", { name: "Answer from documents" }).click();
    await page.getByRole("textbox", { name: "Find a document" }).fill("lease");
    await page.getByRole("checkbox", { name: /lease-14b/ }).click();
    await page.keyboard.press("Escape");
    await page.locator(".chip", { hasText: "lease-14b.pdf" }).waitFor();
    await page.getByRole("button", { name: /^How to answer/ }).click();
    await page.getByRole("menuitemradio", { name: /Read all parts/ }).click();
    await composer(page).fill("Hello");
    await page.keyboard.press("Enter");
    await page.getByText(/Reading all parts/).waitFor();
    await answered(page);
    const [chat] = await rpc("Chats");
    const { sources } = await rpc("Chat", chat.id);
    expect(sources.route === "map" && sources.documents.join() === "lease", "the choices to be the new chat's");
  }, { fake: { ...fake, pace: 60 } });

  for (const width of [320, 420, 900, 1500])
    await check(`documents at ${width} pixels`, async (page) => {
      const over = async (what) => {
        await page.waitForTimeout(250);
        const wide = await page.evaluate(() => {
          const main = document.querySelector("#main");
          return Math.max(document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth, ...[...document.querySelectorAll(".messages, .composer-box, .source-panel, .sheet")].map((e) => e.scrollWidth - e.clientWidth));
        });
        await shot(page, `${width} ${what}`);
        expect(wide <= 0, `no sideways scrolling of ${what}; it is ${wide} pixels too wide`);
      };
      await documentsPage(page);
      await page.getByRole("textbox", { name: "Question or words to search for" }).fill("roof");
      await page.keyboard.press("Enter");
      await page.getByText("keeps the roof").first().waitFor();
      await over("documents page");
      await page.locator("#files-title").scrollIntoViewIfNeeded();
      await over("documents list");
      const chat = (await rpc("Chats")).find((c) => c.title === "Who repairs what");
      await visit(page, `#/chat/${chat.id}`);
      await answered(page);
      await over("documents chat");
      await page.locator(".messages").hover();
      await page.mouse.wheel(0, -100_000);
      await page.waitForTimeout(200);
      await over("documents answer");
      await cite(page, "1").first().click();
      await page.locator(".page-mark").first().waitFor();
      await over("documents citation");
      await assertAccessible(page, `citation at ${width}`);
    }, { options: { viewport: { width, height: 760 } }, fake });
}
