import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { install } from "./transport/bridge";
import { connect } from "./transport/cache";
import { keepDrafts } from "./chat/drafts";
import { watchSelection } from "./chat/selected";
import { App } from "./ui/App";
import { guardComposing } from "./ui/composing";
import "./ui/theme.css";
import "./ui/scripts.css";
import "./ui/base.css";
import "./ui/frame.css";
import "./chat/chat.css";
import "./chat/composer.css";
import "./chat/markdown.css";
import "./models/models.css";
import "./documents/documents.css";
import "./settings/settings.css";
import "./sidebar/sidebar.css";
import "./search/search.css";

guardComposing(); // first: whoever listens later hears no key of an input method
install();
connect();
keepDrafts();
watchSelection();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
