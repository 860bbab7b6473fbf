import type { PromptTable } from "../../src/ivr/language.ts";

/**
 * Asterisk's stock prompts that a voicemail uses, with what is heard in short and the keys that are spoken in them. A key
 * that is spoken cannot be moved without another recording.
 */
export const stockPrompts = {
  // Leaving a message
  "vm-theperson": { words: "the person at extension" },
  "vm-isonphone": { words: "is on the phone" },
  "vm-isunavail": { words: "is unavailable" },
  "vm-intro": { words: "please leave your message after the tone, then hang up or press hash" },
  beep: { words: "(beep)" },
  "auth-thankyou": { words: "thank you" },
  "vm-review": {
    words: "press 1 to accept this recording, 2 to listen to it, 3 to record it again",
    keys: { "1": "accept", "2": "review", "3": "rerecord" },
  },
  "vm-review-urgent": { words: "press 4 to mark this message as urgent", keys: { "4": "urgent" } },
  "vm-review-nonurgent": { words: "press 4 to make this message not urgent", keys: { "4": "nonurgent" } },
  "vm-reachoper": { words: "press 0 to reach an operator", keys: { "0": "operator" } },
  "vm-torerecord": { words: "to record a message, press 1", keys: { "1": "record" } },
  "vm-saveoper": {
    words: "press 1 to accept this recording, or else keep holding",
    keys: { "1": "accept" },
  },
  "vm-tocancelmsg": { words: "to cancel this message" },
  "vm-msgsaved": { words: "your message has been saved" },
  "vm-saved": { words: "saved" },
  "vm-marked-urgent": { words: "marked as urgent" },
  "vm-marked-nonurgent": { words: "marked as not urgent" },
  "vm-deleted": { words: "message deleted" },
  "vm-sorry": { words: "I'm sorry, I did not understand your answer" },
  "vm-mailboxfull": { words: "sorry, this mailbox is full" },
  "vm-tooshort": { words: "your message is too short" },
  "vm-nobodyavail": { words: "nobody is available to take your call" },
  transfer: { words: "please hold while I try that extension" },
  "vm-goodbye": { words: "goodbye" },
  "vm-whichbox": { words: "to leave a message, enter the mailbox number" },

  // Login
  "vm-login": { words: "mailbox?" },
  "vm-password": { words: "password?" },
  "vm-incorrect": { words: "login incorrect" },
  "vm-incorrect-mailbox": { words: "login incorrect. mailbox?" },

  // Counts and folders
  "vm-youhave": { words: "you have" },
  "vm-no": { words: "no" },
  "vm-and": { words: "and" },
  "vm-message": { words: "message" },
  "vm-messages": { words: "messages" },
  "vm-INBOX": { words: "new" },
  "vm-Old": { words: "old" },
  "vm-Urgent": { words: "urgent" },
  "vm-Work": { words: "work" },
  "vm-Family": { words: "family" },
  "vm-Friends": { words: "friends" },
  "vm-Cust1": { words: "folder 5" },
  "vm-Cust2": { words: "folder 6" },
  "vm-Cust3": { words: "folder 7" },
  "vm-Cust4": { words: "folder 8" },
  "vm-Cust5": { words: "folder 9" },
  "vm-tempgreetactive": { words: "your temporary greeting is active" },
  "vm-press": { words: "press" },
  "vm-for": { words: "for" },
  "vm-changeto": { words: "change to which folder?" },
  "vm-savefolder": { words: "which folder should I save the message to?" },
  "vm-savedto": { words: "saved to" },
  "vm-tocancel": { words: "or hash to cancel", keys: { "#": "cancel" } },

  // Main and message menu
  "vm-onefor": { words: "press 1 for", keys: { "1": "first" } },
  "vm-onefor-full": { words: "press 1 for", keys: { "1": "first" } },
  "vm-opts": {
    words: "press 2 to change folders, 3 for advanced options, 0 for mailbox options",
    keys: { "2": "folders", "3": "advanced", "0": "options" },
  },
  "vm-opts-full": {
    words: "press 2 to change folders, 3 for advanced options, 0 for mailbox options",
    keys: { "2": "folders", "3": "advanced", "0": "options" },
  },
  "vm-helpexit": { words: "press star for help, or hash to exit", keys: { "*": "help", "#": "exit" } },
  "vm-prev": { words: "press 4 for the previous message", keys: { "4": "previous" } },
  "vm-advopts": { words: "press 3 for advanced options", keys: { "3": "advanced" } },
  "vm-repeat": { words: "press 5 to repeat this message", keys: { "5": "repeat" } },
  "vm-next": { words: "press 6 for the next message", keys: { "6": "next" } },
  "vm-delete": { words: "press 7 to delete this message", keys: { "7": "delete" } },
  "vm-undelete": { words: "press 7 to get this message back", keys: { "7": "undelete" } },
  "vm-undeleted": { words: "message restored" },
  "vm-toforward": { words: "press 8 to forward this message", keys: { "8": "forward" } },
  "vm-savemessage": { words: "press 9 to save this message", keys: { "9": "save" } },
  "vm-nomore": { words: "no more messages" },
  "vm-starmain": { words: "press star for the main menu", keys: { "*": "main" } },

  // A message
  "vm-first": { words: "first" },
  "vm-last": { words: "last" },
  "vm-received": { words: "received" },
  "vm-from": { words: "from" },
  "vm-from-extension": { words: "from extension" },
  "vm-from-phonenumber": { words: "from phone number" },
  "vm-unknown-caller": { words: "from an unknown caller" },
  "vm-duration": { words: "the message lasts" },
  "vm-minutes": { words: "minutes" },

  // Advanced options
  "vm-toreply": { words: "press 1 to reply", keys: { "1": "reply" } },
  "vm-tocallback": { words: "press 2 to call back", keys: { "2": "callback" } },
  "vm-tohearenv": { words: "press 3 to hear when and from whom", keys: { "3": "envelope" } },
  "vm-tomakecall": { words: "press 4 to make a call", keys: { "4": "dialout" } },
  "vm-leavemsg": { words: "press 5 to leave a message", keys: { "5": "send" } },
  "vm-nobox": { words: "the sender has no mailbox here" },
  "vm-nonumber": { words: "I do not know the number" },
  "vm-num-i-have": { words: "the number I have is" },
  "vm-tocallnum": { words: "press 1 to call this number", keys: { "1": "callnumber" } },
  "vm-calldiffnum": { words: "press 2 to call another number", keys: { "2": "othernumber" } },
  "vm-toenternumber": { words: "to enter a number, press 1" },
  "vm-enter-num-to-call": { words: "enter the number you wish to call" },
  "vm-then-pound": { words: "then press hash" },
  "vm-star-cancel": { words: "press star to cancel", keys: { "*": "cancel" } },
  "vm-dialout": { words: "please wait while I connect your call" },

  // Forwarding
  "vm-forward": {
    words: "press 1 to enter an extension, 2 for the directory",
    keys: { "1": "extension", "2": "directory" },
  },
  "vm-extension": { words: "extension" },
  "pbx-invalid": { words: "that is not a valid extension" },
  "vm-forwardoptions": {
    words: "press 1 to record words before it, 2 to forward it as it is",
    keys: { "1": "prepend", "2": "asis" },
  },
  "vm-record-prepend": { words: "record your words after the tone, then press hash" },
  "vm-msgforwarded": { words: "your message has been forwarded" },

  // Directory
  "dir-welcome": { words: "welcome to the directory" },
  "dir-pls-enter": { words: "please enter the first" },
  "dir-first": { words: "letters of the person's first name" },
  "dir-last": { words: "letters of the person's last name" },
  "dir-firstlast": { words: "letters of the person's first or last name" },
  "dir-usingkeypad": { words: "using your telephone's keys" },
  "dir-instr": {
    words: "if this is the person, press 1, otherwise press star",
    keys: { "1": "select", "*": "other" },
  },
  "dir-multi1": { words: "press" },
  "dir-multi2": { words: "for" },
  "dir-multi9": { words: "press 9 for more entries", keys: { "9": "more" } },
  "dir-nomatch": { words: "no entry matches" },
  "dir-nomore": { words: "there are no more entries" },

  // Mailbox options
  "vm-options": {
    words:
      "press 1 for your unavailable greeting, 2 busy, 3 your name, 4 temporary, 5 password, star main menu",
    keys: { "1": "unavailable", "2": "busy", "3": "name", "4": "temporary", "5": "pin", "*": "main" },
  },
  "vm-tmpexists": { words: "you have a temporary greeting that overrides the others" },
  "vm-rec-unv": { words: "after the tone say your unavailable greeting, then press hash" },
  "vm-rec-busy": { words: "after the tone say your busy greeting, then press hash" },
  "vm-rec-name": { words: "after the tone say your name, then press hash" },
  "vm-rec-temp": { words: "after the tone say your temporary greeting, then press hash" },
  "vm-tempgreeting": { words: "press 1 to record your temporary greeting", keys: { "1": "record" } },
  "vm-tempgreeting2": {
    words: "press 1 to record your temporary greeting, 2 to erase it",
    keys: { "1": "record", "2": "erase" },
  },
  "vm-tempremoved": { words: "your temporary greeting has been removed" },
  "vm-newpassword": { words: "enter your new password, then press hash" },
  "vm-reenterpassword": { words: "enter it again, then press hash" },
  "vm-passchanged": { words: "your password has been changed" },
  "vm-mismatch": { words: "the two do not match" },
  "vm-invalid-password": { words: "that is not a valid password" },
  "vm-pls-try-again": { words: "please try again" },
  "vm-newuser": { words: "welcome to your mailbox; first a few steps to set it up" },

  // Others
  "one-moment-please": { words: "one moment please" },
  "sorry-youre-having-problems": { words: "sorry you are having problems" },
  "im-sorry": { words: "I am sorry" },
  "please-try-call-later": { words: "please try your call later" },
} as const satisfies PromptTable;
