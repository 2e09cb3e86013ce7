// The few words that matter, in the languages that were seen in the field.

const LABELS = {
  en: {
    ask: "Enter a prompt for Gemini",
    placeholder: "Ask Gemini",
    send: "Send message",
    stop: "Stop response",
    upload: "Upload & tools",
    files: "Upload files",
    picker: "Open mode picker, currently",
    temporary: "Temporary chat",
    newChat: "New chat",
    signIn: "Sign in",
    thoughts: "Show thinking",
    said: "Gemini said",
    copy: "Copy response",
    levels: ["Low", "Medium", "High"],
  },
  zh: {
    ask: "为 Gemini 输入提示",
    placeholder: "问问 Gemini",
    send: "发送消息",
    stop: "停止回答",
    upload: "上传和工具",
    files: "上传文件",
    picker: "打开模式选择器，当前为",
    temporary: "临时对话",
    newChat: "发起新对话",
    signIn: "登录",
    thoughts: "显示思路",
    said: "Gemini 说",
    copy: "复制回答",
    levels: ["Low", "Medium", "High"],
  },
};
LABELS.de = {
  ...LABELS.en,
  ask: "Prompt für Gemini eingeben",
  placeholder: "Gemini fragen",
  send: "Nachricht senden",
  stop: "Antwort stoppen",
  upload: "Hochladen und Tools",
  files: "Dateien hochladen",
  picker: "Modusauswahl öffnen, aktuell",
  temporary: "Temporärer Chat",
  newChat: "Neuer Chat",
  signIn: "Anmelden",
  said: "Gemini hat gesagt",
};

/** The labels of a language; English where it is not known. */
export function labelsOf(language) {
  return LABELS[language] ?? LABELS.en;
}
