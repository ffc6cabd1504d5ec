// 바탕 화면 알림에 쓰는 문장.
import { subject } from "./particles";

export const alerts = {
  answer: "답변이 완성되었습니다.",
  answerFailed: "답변을 작성하지 못했습니다.",
  downloadFailed: (name: string) => `${subject(name)} 다운로드되지 않았습니다.`,
  documents: "모든 문서를 읽었습니다.",
  setting: "알림",
  hint: "다른 곳을 보는 동안 오래 걸리는 작업이 끝나면 알립니다. 질문이나 답변 내용은 표시하지 않습니다.",
  size: "화면 크기",
  autoTitles: "모델이 제목 짓기",
  autoTitlesHint: "어느 정도 큰 모델은 첫 답변 뒤에 채팅 제목을 짓습니다.",
};
