// The few words that matter, in the languages that were seen in the field.

const LABELS = {
  en: {
    ask: "Ask ChatGPT",
    placeholder: "Ask anything",
    send: "Send",
    sendPrompt: "Send prompt",
    stop: "Stop",
    stopStreaming: "Stop streaming",
    said: "ChatGPT said:",
    you: "You said:",
    copy: "Copy response",
    voice: "Start voice mode",
    dictate: "Dictate",
    addFiles: "Add files and more",
    work: "Describe a task for Work",
  },
  zh: {
    ask: "询问 ChatGPT",
    placeholder: "询问任何问题",
    send: "发送",
    sendPrompt: "发送提示",
    stop: "停止",
    stopStreaming: "停止流式传输",
    said: "ChatGPT 说：",
    you: "你说：",
    copy: "复制回复",
    voice: "启动语音模式",
    dictate: "听写",
    addFiles: "添加文件等",
    work: "描述任务 Work",
  },
  ru: {
    ask: "Спросите ChatGPT",
    placeholder: "Спросите что-нибудь",
    send: "Отправить",
    sendPrompt: "Отправить запрос",
    stop: "Остановить",
    stopStreaming: "Остановить",
    said: "ChatGPT сказал:",
    you: "Вы сказали:",
    copy: "Копировать ответ",
    voice: "Голосовой режим",
    dictate: "Диктовать",
    addFiles: "Добавить файлы",
    work: "Work",
  },
  de: {
    ask: "Frag ChatGPT",
    placeholder: "Stelle irgendeine Frage",
    send: "Senden",
    sendPrompt: "Prompt senden",
    stop: "Stopp",
    stopStreaming: "Streaming stoppen",
    said: "ChatGPT hat gesagt:",
    you: "Du hast gesagt:",
    copy: "Antwort kopieren",
    voice: "Sprachmodus starten",
    dictate: "Diktieren",
    addFiles: "Dateien hinzufügen",
    work: "Work",
  },
};

/** The labels of a language; English where it is not known. */
export function labelsOf(language) {
  return LABELS[language] ?? LABELS.en;
}
