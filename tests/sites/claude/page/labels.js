// The few words that matter, in English and some of the site's other languages.

const LABELS = {
  en: {
    placeholder: "How can I help you today?",
    send: "Send message",
    stop: "Stop response",
    chat: "New chat",
  },
  de: {
    placeholder: "Wie kann ich dir helfen?",
    send: "Nachricht senden",
    stop: "Antwort stoppen",
    chat: "Neuer Chat",
  },
  fr: {
    placeholder: "Comment puis-je vous aider ?",
    send: "Envoyer le message",
    stop: "Arrêter la réponse",
    chat: "Nouveau chat",
  },
  ja: {
    placeholder: "本日はどのようなご用件でしょうか？",
    send: "メッセージを送信",
    stop: "応答を停止",
    chat: "新規チャット",
  },
};

/** The labels of a language; English where it is not known. */
export function labelsOf(language) {
  return LABELS[language] ?? LABELS.en;
}
