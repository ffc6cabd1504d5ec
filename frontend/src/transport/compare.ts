// Branches, comparisons and what goes on, asked of the program.
import * as bound from "../wailsjs/go/app/App";
import type { app, chat as chats } from "../wailsjs/go/models";
import { asChat, asMessage, type Chat, type Message, type Sampling } from "./api";

/** One of the ways in which a question is answered: a model, and its sampling if it is not the chat's. */
export interface Way {
  model: string;
  sampling: Sampling | null;
}
export type TrialVerdict = "" | "best" | "worse" | "alike";
export type Trial = Omit<chats.Trial, "verdict"> & { verdict: TrialVerdict };
export type Writing = chats.Writing;
export type LoadedModel = Omit<app.LoadedModel, "state"> & { state: "loading" | "used" | "idle" };
export type Process = app.Process;
export type Porting = Omit<app.PortingEvent, "job"> & { job: "preview" | "import" | "export" | "backup" | "restore" };
export type FinishedKind = "answer" | "download" | "verify" | "move" | "bundle" | "document" | "import" | "export" | "backup" | "restore";
export type Finished = Omit<app.Finished, "kind" | "state"> & { kind: FinishedKind; state: "done" | "failed" | "cancelled" };
export type Activity = Omit<app.Activity, "writings" | "models" | "processes" | "finished" | "porting"> & {
  /** What is imported or exported now. */
  porting?: Porting | null;
  writings: Writing[];
  models: LoadedModel[];
  processes: Process[];
  finished: Finished[];
};

/** Whether an answer waits until another one is written: there is not enough memory for both models. */
export interface TurnEvent {
  chatId: string;
  messageId: string;
  waits: boolean;
}

const list = <T>(items: T[] | null | undefined): T[] => items ?? [];

export const compare = async (chatId: string, parentId: string, text: string, ways: readonly Way[]): Promise<Message[]> =>
  list(await bound.Compare(chatId, parentId, text, ways as unknown as chats.Way[])).map(asMessage);
export const stopAnswer = (messageId: string): Promise<void> => bound.StopAnswer(messageId);
export const judgeAnswer = async (chatId: string, messageId: string, verdict: "best" | "alike" | ""): Promise<Message[]> =>
  list(await bound.JudgeAnswer(chatId, messageId, verdict)).map(asMessage);
export const removeBranch = async (chatId: string, messageId: string): Promise<{ chat: Chat; root: string }> => {
  const { chat, root } = await bound.RemoveBranch(chatId, messageId);
  return { chat: asChat(chat), root };
};
export const restoreBranch = async (chatId: string, root: string, leaf: string): Promise<Chat> => asChat(await bound.RestoreBranch(chatId, root, leaf));
export const forkChat = async (chatId: string, messageId: string): Promise<Chat> => asChat(await bound.ForkChat(chatId, messageId));
export const activity = async (): Promise<Activity> => {
  const a = await bound.Activity();
  return { ...a, writings: list(a.writings), models: list(a.models), processes: list(a.processes), finished: list(a.finished) } as Activity;
};
export const cancelPorting = (): Promise<void> => bound.CancelPorting();
