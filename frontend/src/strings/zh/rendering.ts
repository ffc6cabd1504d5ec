// Simplified Chinese.
export const rendering = {
  wrap: "长行换行",
  saveCode: "另存为文件",
  view: "代码或预览",
  source: "代码",
  preview: "显示",
  fullSize: "以完整尺寸显示",
  previewOf: (language: string) => `${language} 预览`,
  previewNote: "隔离显示：其中的脚本不会运行，也无法连接任何地方。",
  copyTable: "复制表格",
  asCsv: "复制为 CSV",
  asMarkdown: "复制为 Markdown",
  copied: "表格已复制",
  formula: "公式",
  formulaFailed: "无法读取此公式，以下是其源码",
  drawing: "正在绘制图表",
  diagramFailed: "无法绘制这个图表，原因如下",
};
