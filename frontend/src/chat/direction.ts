// Each paragraph, heading, item and cell runs as its own first letters do.
interface TreeNode {
  tagName?: string;
  properties?: Record<string, unknown>;
  children?: TreeNode[];
}

const whole = new Set(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "td", "th"]);

/** A plugin for the tree of a block. */
export const direction = () => (tree: TreeNode) => set(tree);

function set(node: TreeNode): void {
  if (whole.has(node.tagName ?? "")) node.properties = { ...node.properties, dir: "auto" };
  node.children?.forEach(set);
}
