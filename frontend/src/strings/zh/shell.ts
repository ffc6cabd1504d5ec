// What the frame and the list of chats say.
import { count } from "../../ui/format";

export const common = {
  cancel: "取消",
  close: "关闭",
  copy: "复制",
  copied: "已复制",
  undo: "撤销",
  retry: "重试",
  save: "保存",
  remove: "移除",
  reset: "恢复默认值",
  loading: "正在加载",
  off: "关闭",
  auto: "自动",
};

export const shell = {
  notices: "通知",
  skip: "跳到对话",
  starting: "正在打开存档",
  failedTitle: "Freehold 无法启动",
  unauthorisedTitle: "此页面没有密钥",
  unauthorised: "请打开“freehold serve”在终端中给出的链接。链接带有密钥，可阻止其他程序访问。",
  lost: "与 Freehold 的连接已断开，正在重新连接；您写的内容都还在。",
  crashedTitle: "此页面出错了",
  crashed: "您的对话很安全：它们由程序保存，而不是由这个页面保存。",
  reload: "重新加载页面",
};

export const sidebar = {
  label: "对话与页面",
  newChat: "新对话",
  search: "搜索对话",
  clearSearch: "清除搜索",
  chats: "对话",
  documents: "文档",
  models: "模型",
  machine: "本机",
  network: "网络",
  settings: "设置",
  collapse: "隐藏侧边栏",
  expand: "显示侧边栏",
  empty: "您的对话会保存在本机，显示在这里。",
  noResults: (query: string) => `没有对话提到“${query}”。`,
  results: (n: number) => `找到 ${count(n)} 个对话`,
  untitled: "新对话",
  answering: "正在回答",
  more: (title: string) => `“${title}”的更多操作`,
  rename: "重命名",
  renameLabel: "对话标题",
  copyMarkdown: "复制为 Markdown",
  copiedMarkdown: "对话已以 Markdown 格式复制到剪贴板。",
  remove: "删除",
  removed: (title: string) => `已删除“${title}”`,
  offline: "网络已关闭",
  online: "网络已允许",
  switchOff: "关闭网络",
  switchOn: "允许联网",
};

export const times = {
  today: "今天",
  yesterday: "昨天",
  thisMonth: "本月早些时候",
  milliseconds: (n: string) => `${n} 毫秒`,
  seconds: (n: string) => `${n} 秒`,
  minutes: (n: string) => `${n} 分钟`,
  minutesAndSeconds: (minutes: string, seconds: string) => `${minutes} 分 ${seconds} 秒`,
  hours: (n: string) => `${n} 小时`,
  left: (time: string) => `剩余 ${time}`,
};
