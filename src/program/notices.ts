import { announceTo } from "../jobs/announce.ts";
import type { DeliverDeps } from "../jobs/deliver.ts";
import { notice } from "../jobs/notice.ts";
import type { Processors } from "../jobs/worker.ts";
import { createSmtp } from "../notices/smtp.ts";
import type { Ground } from "./ground.ts";

/** Mails about messages: how they are asked for, and who sends them; neither where the site wants none. */
export interface NoticesOfProgram {
  readonly announce?: NonNullable<DeliverDeps["announce"]>;
  readonly process?: NonNullable<Processors["notice"]>;
}

/** @throws VoxpostError CONFIG_INVALID when the certificate authority cannot be read */
export function openNotices(ground: Ground, folder: string): NoticesOfProgram {
  const { config, subscribers, queues, telemetry, patient: store } = ground;
  if (!config.notices) return {};
  const smtp = telemetry.smtp(createSmtp(config.notices, config.folder));
  const deps = { ...ground, store, smtp, enqueue: queues, folder };
  return {
    announce: announceTo(subscribers, queues),
    process: telemetry.job("notice", (job, signal) => notice(job, deps, signal)),
  };
}
