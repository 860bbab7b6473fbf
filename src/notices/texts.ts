/** What mails say in the owner's language where a site has no words of its own. */
export interface Texts {
  readonly from: string;
  readonly subject: string;
  readonly body: string;
  readonly forwarded: string;
  readonly pager: string;
  readonly unknownCaller: string;
  readonly tooLarge: string;
}

const SUBJECT = `\${VM_CALLERID} (\${VM_DUR})`;
const PAGER = `\${VM_CALLERID}, \${VM_DUR}, \${VM_DATE}`;

const ENGLISH: Texts = {
  from: "Voicemail",
  subject: `Voice message from ${SUBJECT}`,
  body: `Dear \${VM_NAME},

\${VM_CALLERID} has left you a message of \${VM_DUR}
in mailbox \${VM_MAILBOX} on \${VM_DATE}.

Messages that you have not heard: \${VM_MSGNUM}
`,
  forwarded: `Dear \${VM_NAME},

\${VM_CALLERID} has sent a message of \${VM_DUR} on to you
in mailbox \${VM_MAILBOX}. It was left by \${ORIG_VM_CALLERID}
on \${ORIG_VM_DATE}.

Messages that you have not heard: \${VM_MSGNUM}
`,
  pager: `New voice message: ${PAGER}`,
  unknownCaller: "an unknown caller",
  tooLarge: "The message is too long to be attached. It is in your mailbox.",
};

const LANGUAGES: Readonly<Record<string, Texts>> = {
  en: ENGLISH,
  de: {
    from: "Anrufbeantworter",
    subject: `Sprachnachricht von ${SUBJECT}`,
    body: `Guten Tag \${VM_NAME},

\${VM_CALLERID} hat Ihnen am \${VM_DATE}
eine Nachricht von \${VM_DUR} im Postfach \${VM_MAILBOX} hinterlassen.

Nachrichten, die Sie noch nicht gehört haben: \${VM_MSGNUM}
`,
    forwarded: `Guten Tag \${VM_NAME},

\${VM_CALLERID} hat Ihnen eine Nachricht von \${VM_DUR}
im Postfach \${VM_MAILBOX} weitergeleitet. Hinterlassen wurde sie von
\${ORIG_VM_CALLERID} am \${ORIG_VM_DATE}.

Nachrichten, die Sie noch nicht gehört haben: \${VM_MSGNUM}
`,
    pager: `Neue Sprachnachricht: ${PAGER}`,
    unknownCaller: "Unbekannt",
    tooLarge: "Die Nachricht ist zu lang, um angehängt zu werden. Sie liegt in Ihrem Postfach.",
  },
  es: {
    from: "Buzón de voz",
    subject: `Mensaje de voz de ${SUBJECT}`,
    body: `Estimado/a \${VM_NAME}:

\${VM_CALLERID} le ha dejado un mensaje de \${VM_DUR}
en el buzón \${VM_MAILBOX} el \${VM_DATE}.

Mensajes que aún no ha escuchado: \${VM_MSGNUM}
`,
    forwarded: `Estimado/a \${VM_NAME}:

\${VM_CALLERID} le ha reenviado un mensaje de \${VM_DUR}
al buzón \${VM_MAILBOX}. Lo dejó \${ORIG_VM_CALLERID}
el \${ORIG_VM_DATE}.

Mensajes que aún no ha escuchado: \${VM_MSGNUM}
`,
    pager: `Nuevo mensaje de voz: ${PAGER}`,
    unknownCaller: "un desconocido",
    tooLarge: "El mensaje es demasiado largo para adjuntarlo. Está en su buzón.",
  },
  fr: {
    from: "Messagerie vocale",
    subject: `Message vocal de ${SUBJECT}`,
    body: `Bonjour \${VM_NAME},

\${VM_CALLERID} vous a laissé un message de \${VM_DUR}
dans la boîte \${VM_MAILBOX}, le \${VM_DATE}.

Messages que vous n'avez pas encore écoutés : \${VM_MSGNUM}
`,
    forwarded: `Bonjour \${VM_NAME},

\${VM_CALLERID} vous a transféré un message de \${VM_DUR}
dans la boîte \${VM_MAILBOX}. Il a été laissé par \${ORIG_VM_CALLERID}
le \${ORIG_VM_DATE}.

Messages que vous n'avez pas encore écoutés : \${VM_MSGNUM}
`,
    pager: `Nouveau message vocal : ${PAGER}`,
    unknownCaller: "un correspondant inconnu",
    tooLarge: "Le message est trop long pour être joint. Il est dans votre boîte vocale.",
  },
  it: {
    from: "Segreteria telefonica",
    subject: `Messaggio vocale da ${SUBJECT}`,
    body: `Gentile \${VM_NAME},

\${VM_CALLERID} le ha lasciato un messaggio di \${VM_DUR}
nella casella \${VM_MAILBOX}, \${VM_DATE}.

Messaggi non ancora ascoltati: \${VM_MSGNUM}
`,
    forwarded: `Gentile \${VM_NAME},

\${VM_CALLERID} le ha inoltrato un messaggio di \${VM_DUR}
nella casella \${VM_MAILBOX}. Lo ha lasciato \${ORIG_VM_CALLERID},
\${ORIG_VM_DATE}.

Messaggi non ancora ascoltati: \${VM_MSGNUM}
`,
    pager: `Nuovo messaggio vocale: ${PAGER}`,
    unknownCaller: "uno sconosciuto",
    tooLarge: "Il messaggio è troppo lungo per essere allegato. Si trova nella sua casella.",
  },
  ru: {
    from: "Голосовая почта",
    subject: `Голосовое сообщение: ${SUBJECT}`,
    body: `Здравствуйте, \${VM_NAME}!

Вам оставлено сообщение длиной \${VM_DUR} в ящике \${VM_MAILBOX}.
От кого: \${VM_CALLERID}
Когда: \${VM_DATE}

Непрослушанных сообщений: \${VM_MSGNUM}
`,
    forwarded: `Здравствуйте, \${VM_NAME}!

Вам переслано сообщение длиной \${VM_DUR} в ящик \${VM_MAILBOX}.
Кем: \${VM_CALLERID}
Кто его оставил: \${ORIG_VM_CALLERID}
Когда: \${ORIG_VM_DATE}

Непрослушанных сообщений: \${VM_MSGNUM}
`,
    pager: `Новое голосовое сообщение: ${PAGER}`,
    unknownCaller: "неизвестный абонент",
    tooLarge: "Сообщение слишком длинное, чтобы приложить его. Оно в вашем ящике.",
  },
};

/** English where there are none in the language. */
export function textsIn(locale: string): Texts {
  return LANGUAGES[new Intl.Locale(locale).language] ?? ENGLISH;
}
