// What the frame and the list of chats say.
import { count } from "../../ui/format";
import { object } from "./particles";

export const common = {
  cancel: "취소",
  close: "닫기",
  copy: "복사",
  copied: "복사됨",
  undo: "실행 취소",
  retry: "다시 시도",
  save: "저장",
  remove: "제거",
  reset: "기본값으로 되돌리기",
  loading: "불러오는 중",
  off: "끔",
  auto: "자동",
};

export const shell = {
  notices: "알림",
  skip: "대화로 건너뛰기",
  starting: "보관함을 여는 중",
  failedTitle: "Freehold를 시작하지 못했습니다",
  unauthorisedTitle: "이 페이지에는 키가 없습니다",
  unauthorised: "터미널에서 ‘freehold serve’가 출력한 링크를 여세요. 그 링크에는 다른 프로그램의 접근을 막는 키가 들어 있습니다.",
  lost: "Freehold와의 연결이 끊겼습니다. 다시 연결하고 있으며, 작성하신 내용은 사라지지 않았습니다.",
  crashedTitle: "이 페이지에서 오류가 발생했습니다",
  crashed: "채팅은 안전합니다. 이 페이지가 아니라 프로그램이 보관하고 있습니다.",
  reload: "페이지 다시 불러오기",
};

export const sidebar = {
  label: "채팅과 페이지",
  newChat: "새 채팅",
  search: "채팅 검색",
  clearSearch: "검색어 지우기",
  chats: "채팅",
  documents: "문서",
  models: "모델",
  machine: "이 컴퓨터",
  network: "네트워크",
  settings: "설정",
  collapse: "사이드바 숨기기",
  expand: "사이드바 보이기",
  empty: "채팅은 이 컴퓨터의 여기에 보관됩니다.",
  noResults: (query: string) => `${object(`‘${query}’`)} 언급한 채팅이 없습니다.`,
  results: (n: number) => `채팅 ${count(n)}개를 찾았습니다`,
  untitled: "새 채팅",
  answering: "답변 중",
  more: (title: string) => `‘${title}’ 더 보기`,
  rename: "이름 바꾸기",
  renameLabel: "채팅 제목",
  copyMarkdown: "Markdown으로 복사",
  copiedMarkdown: "채팅을 Markdown으로 클립보드에 복사했습니다.",
  remove: "삭제",
  removed: (title: string) => `${object(`‘${title}’`)} 삭제했습니다`,
  offline: "네트워크 꺼짐",
  online: "네트워크 허용됨",
  switchOff: "네트워크 끄기",
  switchOn: "네트워크 허용",
};

export const times = {
  today: "오늘",
  yesterday: "어제",
  thisMonth: "이번 달",
  milliseconds: (n: string) => `${n}ms`,
  seconds: (n: string) => `${n}초`,
  minutes: (n: string) => `${n}분`,
  minutesAndSeconds: (minutes: string, seconds: string) => `${minutes}분 ${seconds}초`,
  hours: (n: string) => `${n}시간`,
  left: (time: string) => `${time} 남음`,
};
