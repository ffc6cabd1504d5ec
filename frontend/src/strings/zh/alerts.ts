// 桌面通知的内容。
export const alerts = {
  answer: "回答已完成。",
  answerFailed: "无法写出回答。",
  downloadFailed: (name: string) => `无法下载 ${name}。`,
  documents: "所有文档都已读完。",
  setting: "通知",
  hint: "当您在看别处而耗时的工作结束时通知。从不透露提问或回答的内容。",
  size: "界面大小",
  autoTitles: "由模型拟标题",
  autoTitlesHint: "达到一定规模的模型会在首次回答后为聊天拟标题。",
};
