// Whether the block of text that is being drawn is still written.
import { createContext } from "react";

export const Growing = createContext(false);
