import { connect } from "node:net";
import { readLabFile } from "./lab-file.ts";

// npx tsx lab/console.ts COMMAND …: runs a command of Asterisk's console in the lab that is running, over AMI.

const { ami } = readLabFile();
const command = process.argv.slice(2).join(" ");
if (!command) {
  console.error("say a command, for example: npx tsx lab/console.ts dialplan reload");
  process.exit(2);
}

let received = "";
const socket = connect(ami.port, ami.host, () => {
  socket.write(`Action: Login\r\nUsername: ${ami.user}\r\nSecret: ${ami.password}\r\nEvents: off\r\n\r\n`);
  socket.write(`Action: Command\r\nActionID: lab\r\nCommand: ${command}\r\n\r\n`);
});
socket.setTimeout(10_000, () => fail("no answer from AMI within 10 s"));
socket.on("error", (error) => fail(error.message));
socket.on("data", (data) => {
  received += data.toString();
  const answer = /Response: (\w+)\r\nActionID: lab\r\n([\s\S]*?)\r\n\r\n/.exec(received);
  if (!answer) return;
  for (const line of (answer[2] ?? "").split("\r\n")) {
    if (line.startsWith("Output: ")) console.log(line.slice("Output: ".length));
  }
  process.exit(answer[1] === "Success" ? 0 : 1);
});

function fail(reason: string): never {
  console.error(`console: ${reason}`);
  process.exit(1);
}
