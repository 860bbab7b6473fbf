import { z } from "zod";

const node = z
  .string()
  .regex(/^(\[[0-9A-Fa-f:.]+\]|[^\s:/@]+)(:\d{1,5})?$/, "write HOST:PORT")
  .describe("HOST:PORT");

/** The `redis` section of the configuration: one server, Sentinels that know which one it is, or the nodes of a Cluster. */
export const redisOptions = z
  .strictObject({
    url: z.string().optional().describe("redis://… or rediss://…, or unix:///path; or url_file."),
    sentinels: z.array(node).min(1).optional().describe("HOST:PORT of each Sentinel, instead of url."),
    master: z.string().default("mymaster").describe("Name by which the Sentinels know the master."),
    cluster: z
      .array(node)
      .min(1)
      .optional()
      .describe("HOST:PORT of some nodes of a Redis Cluster, instead of url."),
    username: z.string().optional().describe("With sentinels or cluster; else it stands in the url."),
    password: z.string().optional().describe("The same; or password_file."),
    sentinel_password: z.string().optional().describe("Of the Sentinels; or sentinel_password_file."),
    tls: z.boolean().default(false).describe("With sentinels or cluster: TLS to every server."),
  })
  .refine(({ url, sentinels, cluster }) => [url, sentinels, cluster].filter(Boolean).length === 1, {
    message: "give one of url, sentinels and cluster",
  });

type RedisOptions = z.output<typeof redisOptions>;

/** Which Redis: its URL, or what the configuration says. */
export type RedisServers = string | RedisOptions;
