import type { Menu } from "./menu.ts";

const callBackMenu: Menu = {
  name: "call-back",
  title: "Call back",
  prompt: [{ sentence: "number" }, "vm-tocallnum", "vm-calldiffnum", "vm-star-cancel"],
  keys: { "1": "callnumber", "2": "othernumber", "*": "cancel" },
};

const dialMenu: Menu = {
  name: "dial-number",
  title: "Make a call",
  prompt: ["vm-enter-num-to-call", "vm-then-pound", "vm-star-cancel"],
  keys: { "*": "cancel" },
  entry: { action: "dial", betweenMs: 6000 },
  wait: 10_000,
  tries: 3,
};

const sendToMenu: Menu = {
  name: "send-to",
  title: "To whom",
  prompt: ["vm-forward"],
  keys: { "1": "extension", "2": "directory", "*": "cancel" },
  wait: 3000,
};

const recipientsMenu: Menu = {
  name: "recipients",
  title: "The recipients' numbers",
  prompt: ["vm-extension"],
  keys: {},
  entry: { action: "address", maxKeys: 200 },
  wait: 10_000,
};

const forwardMenu: Menu = {
  name: "forward-options",
  title: "Forward",
  prompt: ["vm-forwardoptions", "vm-starmain"],
  keys: { "1": "prepend", "2": "asis", "*": "main" },
};

/** The owner's ways to others: calls, messages and forwarded ones. */
export const outgoingMenus: readonly Menu[] = [
  callBackMenu,
  dialMenu,
  sendToMenu,
  recipientsMenu,
  forwardMenu,
];
