// The emoji names that answers and reactions use; others are shown by name.
const EMOJI = {
  "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", eyes: "👀", white_check_mark: "✅", heavy_check_mark: "✔️",
  x: "❌", warning: "⚠️", rotating_light: "🚨", fire: "🔥", bulb: "💡", mag: "🔍", mag_right: "🔎", book: "📖", books: "📚",
  bookmark: "🔖", link: "🔗", wrench: "🔧", hammer_and_wrench: "🛠️", gear: "⚙️", rocket: "🚀", tada: "🎉", thinking_face: "🤔",
  smile: "😄", slightly_smiling_face: "🙂", wave: "👋", pray: "🙏", heart: "❤️", bell: "🔔", telephone_receiver: "📞", phone: "☎️",
  pager: "📟", hourglass: "⌛", hourglass_flowing_sand: "⏳", clock1: "🕐", information_source: "ℹ️", question: "❓", grey_question: "❔",
  exclamation: "❗", point_right: "👉", arrow_right: "➡️", memo: "📝", clipboard: "📋", speech_balloon: "💬", busts_in_silhouette: "👥",
  construction: "🚧", stop_sign: "🛑", octagonal_sign: "🛑", red_circle: "🔴", large_green_circle: "🟢", large_yellow_circle: "🟡",
  page_facing_up: "📄", file_folder: "📁", chart_with_upwards_trend: "📈", bar_chart: "📊", key: "🔑", lock: "🔒", signpost: "🪧",
  placard: "🪧", ticket: "🎫", sos: "🆘", robot_face: "🤖", "100": "💯", ok_hand: "👌", raised_hands: "🙌", sparkles: "✨",
};

export const emoji = (name) => EMOJI[name.split("::")[0]] ?? `:${name}:`;
