// The stand-in's backups, and what it has to tell at the start.
import type * as api from "../src/transport/api";

/** What of the stand-in is needed here. */
export interface Whole {
  pace: number;
  emit: (name: string, data: unknown) => void;
}

const held: api.BackupInfo = {
  path: "/uploads/freehold-2026-11-20-1830.freehold-backup", bytes: 48_300_000, createdAt: Date.UTC(2026, 10, 20, 18, 30), program: "0.1.0", chats: 214, messages: 3_918, documents: 57, files: 61, weights: false, tokens: false,
  models: [{ ref: "qwen3-4b", name: "Qwen3 4B", digest: "", size: 2_497_000_000, source: "hf.co/Qwen/Qwen3-4B-GGUF", included: false }],
};

export class Backups<App extends Whole> {
  private waiting = false;
  private ended = false;
  private untold: api.Notice[] = [];

  constructor(readonly app: App) {}

  private async work(job: api.PortingEvent["job"]): Promise<void> {
    this.ended = false;
    for (let done = 0; done <= 10; done++) {
      if (this.ended) throw new Error("context canceled");
      this.app.emit("porting", { job, state: "running", done, total: 10 });
      await new Promise((next) => setTimeout(next, this.app.pace * 8));
    }
  }
  CancelPorting() {
    this.ended = true;
  }
  async WriteBackup(o: api.BackupOptions): Promise<api.BackupDone> {
    await this.work("backup");
    return { ...held, ...o, path: "/home/ada/.local/share/freehold/backups/freehold-2026-11-23-0915.freehold-backup", fetch: "backup-1" };
  }
  async LookAtBackup(path: string): Promise<api.BackupInfo> {
    if (!path.endsWith(".freehold-backup")) throw new Error(`${path} is not a backup: its manifest is missing; choose a file that Freehold wrote`);
    await this.work("check");
    return { ...held, path };
  }
  async StageRestore(path: string): Promise<api.BackupInfo> {
    await this.work("restore");
    this.waiting = true;
    return { ...held, path };
  }
  RestoreWaits = () => this.waiting;
  CancelRestore() {
    this.waiting = false;
  }
  MissingModels = () => (this.untold.length > 0 ? held.models : []);
  Notices = () => this.untold;
  ForgetNotices() {
    this.untold = [];
  }
  /** For tests: as if the last start had restored a backup. */
  HaveRestored() {
    this.untold = [{ kind: "restore", text: "The library was restored from freehold-2026-11-20-1830.freehold-backup. What was there before is in /home/ada/.local/share/freehold/set-aside-1; delete it when you do not need it any more.", path: "" }];
  }
}
