// The few words that matter, in two languages.

const LABELS = {
  en: {
    ask: "Enter a prompt",
    placeholder: "Start typing a prompt",
    run: "Run",
    stop: "Stop",
    insert: "Insert images, videos, audio, or files",
    upload: "Upload a file",
    remove: "Remove media",
    thoughts: "Thoughts",
    model: "Model",
    user: "User",
    rerun: "Rerun this turn",
  },
  zh: {
    ask: "输入提示",
    placeholder: "开始输入提示",
    run: "运行",
    stop: "停止",
    insert: "插入图片、视频、音频或文件",
    upload: "上传文件",
    remove: "移除媒体",
    thoughts: "思考",
    model: "模型",
    user: "用户",
    rerun: "重新运行此轮",
  },
};

/** The labels of a language; English where it is not known. */
export function labelsOf(language) {
  return LABELS[language] ?? LABELS.en;
}
