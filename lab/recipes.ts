/** What is unpacked into one root. */
export interface Recipe {
  name: "asterisk" | "services" | "cyrus" | "postgres" | "peer";
  /** Raise it when anything below changes; older roots are then replaced. */
  version: number;
  suite: string;
  packages: string[];
  contents: string;
  megabytes: number;
}

/** Other spoken languages come as GSM only: complete, and a fifth of the size. */
const OTHER_LANGUAGES = ["es", "fr", "it", "ru"].map((language) => `asterisk-core-sounds-${language}-gsm`);

export const RECIPES: Record<Recipe["name"], Recipe> = {
  asterisk: {
    name: "asterisk",
    version: 1,
    suite: "forky", // Debian 12 has no Asterisk; this suite has 22
    packages: [
      "asterisk",
      "asterisk-modules",
      "asterisk-config",
      "asterisk-core-sounds-en-gsm",
      "asterisk-core-sounds-en-wav",
      ...OTHER_LANGUAGES,
      "sip-tester",
      "espeak-ng",
      "procps",
    ],
    contents: "Asterisk 22, its stock sounds, SIPp and espeak-ng",
    megabytes: 400,
  },
  services: {
    name: "services",
    version: 1,
    suite: "bookworm", // for Dovecot 2.3: 2.4 has another configuration language
    packages: ["redis-server", "dovecot-imapd"],
    contents: "Redis 7 and Dovecot 2.3",
    megabytes: 240,
  },
  cyrus: {
    name: "cyrus",
    version: 1,
    suite: "bookworm",
    packages: ["cyrus-imapd", "cyrus-admin", "sasl2-bin", "libsasl2-modules", "procps"],
    contents: "Cyrus IMAP 3.6",
    megabytes: 350,
  },
  postgres: {
    name: "postgres",
    version: 1,
    suite: "bookworm",
    packages: ["postgresql-15"],
    contents: "PostgreSQL 15",
    megabytes: 330,
  },
  peer: {
    name: "peer",
    version: 1,
    suite: "bullseye", // the last one with app_voicemail's IMAP storage
    packages: [
      "asterisk",
      "asterisk-voicemail-imapstorage",
      "asterisk-modules",
      "asterisk-config",
      "asterisk-core-sounds-en-gsm",
      "asterisk-core-sounds-en-wav",
      "procps",
    ],
    contents: "Asterisk 16 with app_voicemail on IMAP",
    megabytes: 400,
  },
};
