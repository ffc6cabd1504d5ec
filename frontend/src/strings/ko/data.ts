// 사용자 데이터에 관한 문장.
import { count } from "../../ui/format";
import { toward } from "./particles";

export const data = {
  title: "내 데이터",
  intro: "ChatGPT, Claude, Open WebUI, LM Studio, Jan의 채팅을 갈래와 시각까지 그대로 가져올 수 있으며, 내 데이터는 모두 내보낼 수 있습니다.",
  import: "채팅 가져오기",
  importing: "가져오는 중",
  importFailed: "채팅을 가져오지 못했습니다",
  choose: "채팅 파일: .zip 또는 .json 내보내기 파일",
  previewTitle: (n: number) => (n === 0 ? "새로 가져올 채팅이 없습니다" : `채팅 ${count(n)}개를 가져올까요?`),
  counts: (messages: number, known: number, left: number) => `새 메시지 ${count(messages)}개, 이미 있는 채팅 ${count(known)}개, 제외 ${count(left)}개.`,
  entries: "찾은 항목",
  more: (n: number) => `그 밖에 ${count(n)}개`,
  importThese: (n: number) => `채팅 ${count(n)}개 가져오기`,
  imported: (n: number) => `채팅 ${count(n)}개를 가져왔습니다`,
  messages: (n: number) => `메시지 ${count(n)}개`,
  skipped: (name: string) => `${name}: 채팅이 없습니다`,
  states: { new: "새 채팅", known: "이미 있음", grown: "새 메시지 있음", deleted: "삭제했던 채팅, 되살아남", empty: "비어 있어 제외", failed: "제외" },
  sources: { chatgpt: "ChatGPT", claude: "Claude", openwebui: "Open WebUI", lmstudio: "LM Studio", jan: "Jan", freehold: "Freehold" },
  receipts: "지금까지의 가져오기",
  came: (n: number) => `채팅 ${count(n)}개 가져옴`,
  undo: "되돌리기",
  undoFailed: "가져오기를 되돌리지 못했습니다",
  undone: (removed: number, stayed: number) => (stayed > 0 ? `채팅 ${count(removed)}개를 제거했습니다. ${count(stayed)}개는 그 뒤에 쓴 내용이 있어 남겨 두었습니다` : `채팅 ${count(removed)}개를 제거했습니다`),
  takenBack: "되돌림",
  export: "내보내기",
  exportAll: "모든 채팅 내보내기",
  exportFailed: "채팅을 내보내지 못했습니다",
  exported: (path: string) => `${toward(path)} 저장했습니다`,
  formats: { markdown: "Markdown", json: "JSON(모든 내용)", pdf: "PDF", jsonl: "학습용 줄(JSONL)" },
};
