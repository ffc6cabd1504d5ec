// Korean.
export const rendering = {
  wrap: "긴 줄 바꿈",
  saveCode: "파일로 저장",
  view: "코드 또는 미리보기",
  source: "코드",
  preview: "보기",
  fullSize: "전체 크기로 보기",
  previewOf: (language: string) => `${language} 미리보기`,
  previewNote: "격리되어 표시됩니다. 스크립트는 실행되지 않고 어디에도 연결할 수 없습니다.",
  copyTable: "표 복사",
  asCsv: "CSV로 복사",
  asMarkdown: "Markdown으로 복사",
  copied: "표를 복사했습니다",
  formula: "수식",
  formulaFailed: "이 수식을 읽을 수 없어 원문을 표시합니다",
  drawing: "다이어그램을 그리는 중",
  diagramFailed: "이 다이어그램은 그릴 수 없습니다. 이유는 다음과 같습니다",
};
