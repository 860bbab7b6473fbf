import { z } from "zod";

/** Which servers are believed to be who they say they are: the same keys wherever the program connects to one by TLS. */
export const serverTrust = {
  ca: z
    .string()
    .optional()
    .describe("File with the certificate authority of the server, PEM. Default: Node's."),
  servername: z.string().optional().describe("Name that the certificate must hold. Default: host."),
  allow_self_signed: z
    .boolean()
    .default(false)
    .describe("Accept any certificate. Discouraged: set ca instead, which is as easy and safe."),
};
