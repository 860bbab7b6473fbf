import { connect } from "node:net";

/** Sends text over TCP to 127.0.0.1 and resolves with the first answer; rejects after a second of silence. */
export function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.setTimeout(1_000, () => socket.destroy(new Error(`no answer from port ${port} within 1 s`)));
    socket.once("error", reject);
    socket.once("data", (data) => {
      resolve(data.toString());
      socket.destroy();
    });
  });
}
