// The emoji that operations bots use, by Slack's short names.

const LIST = `white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎|warning ⚠️|rotating_light 🚨|
fire 🔥|boom 💥|zap ⚡|hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️|timer_clock ⏲️|alarm_clock ⏰|clock1 🕐|clock3 🕒|arrow_forward ▶️|
double_vertical_bar ⏸️|pause_button ⏸️|black_square_for_stop ⏹️|stop_button ⏹️|fast_forward ⏩|rewind ⏪|arrow_right ➡️|arrow_left ⬅️|arrow_up ⬆️|arrow_down ⬇️|
arrow_right_hook ↪️|leftwards_arrow_with_hook ↩️|arrows_counterclockwise 🔄|repeat 🔁|recycle ♻️|red_circle 🔴|large_orange_circle 🟠|large_yellow_circle 🟡|large_green_circle 🟢|
large_blue_circle 🔵|large_purple_circle 🟣|white_circle ⚪|black_circle ⚫|large_green_square 🟩|large_yellow_square 🟨|large_orange_square 🟧|large_red_square 🟥|red_square 🟥|
large_blue_square 🟦|white_large_square ⬜|black_large_square ⬛|white_small_square ▫️|black_small_square ▪️|heavy_plus_sign ➕|heavy_minus_sign ➖|heavy_multiplication_x ✖️|
bangbang ‼️|exclamation ❗|heavy_exclamation_mark ❗|question ❓|grey_question ❔|information_source ℹ️|no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑|construction 🚧|
lock 🔒|unlock 🔓|closed_lock_with_key 🔐|key 🔑|shield 🛡️|mag 🔍|mag_right 🔎|eyes 👀|bell 🔔|no_bell 🔕|loudspeaker 📢|mega 📣|speech_balloon 💬|thread 🧵|pencil ✏️|pencil2 ✏️|memo 📝|
clipboard 📋|page_facing_up 📄|bookmark_tabs 📑|bar_chart 📊|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|calendar 📅|date 📅|spiral_calendar_pad 🗓️|pushpin 📌|round_pushpin 📍|
paperclip 📎|link 🔗|package 📦|floppy_disk 💾|cd 💿|dvd 📀|file_cabinet 🗄️|card_file_box 🗃️|wastebasket 🗑️|hammer 🔨|wrench 🔧|hammer_and_wrench 🛠️|gear ⚙️|nut_and_bolt 🔩|toolbox 🧰|
test_tube 🧪|microscope 🔬|satellite 🛰️|satellite_antenna 📡|globe_with_meridians 🌐|earth_africa 🌍|earth_americas 🌎|cloud ☁️|computer 💻|desktop_computer 🖥️|phone ☎️|telephone_receiver 📞|iphone 📱|
pager 📟|sos 🆘|ambulance 🚑|fire_engine 🚒|helmet_with_white_cross ⛑️|adhesive_bandage 🩹|stethoscope 🩺|life_preserver 🛟|ring_buoy 🛟|anchor ⚓|rocket 🚀|tada 🎉|sparkles ✨|star ⭐|dart 🎯|trophy 🏆|
checkered_flag 🏁|triangular_flag_on_post 🚩|white_flag 🏳️|thumbsup 👍|+1 👍|thumbsdown 👎|-1 👎|ok_hand 👌|raised_hand ✋|hand ✋|wave 👋|clap 👏|pray 🙏|muscle 💪|point_right 👉|point_left 👈|point_up ☝️|
point_down 👇|writing_hand ✍️|robot_face 🤖|ghost 👻|skull 💀|bug 🐛|snail 🐌|turtle 🐢|elephant 🐘|dog 🐶|coffee ☕|bulb 💡|moneybag 💰|money_with_wings 💸|dollar 💵|euro 💶|scales ⚖️|
busts_in_silhouette 👥|bust_in_silhouette 👤|male-technologist 👨‍💻|female-technologist 👩‍💻|technologist 🧑‍💻|detective 🕵️|sleuth_or_spy 🕵️|smile 😄|slightly_smiling_face 🙂|thinking_face 🤔|
grimacing 😬|sweat_smile 😅|cry 😢|sob 😭|relieved 😌|sleeping 😴|face_with_monocle 🧐|see_no_evil 🙈|heart ❤️|green_heart 💚|blue_heart 💙|broken_heart 💔|100 💯|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|
new 🆕|ok 🆗|up 🆙|crossed_swords ⚔️|dizzy 💫|seedling 🌱|snowflake ❄️|sunny ☀️|crescent_moon 🌙|ship 🚢|traffic_light 🚦|vertical_traffic_light 🚦|electric_plug 🔌|battery 🔋|inbox_tray 📥|outbox_tray 📤|
email 📧|envelope ✉️|mailbox 📫|label 🏷️|card_index_dividers 🗂️|open_file_folder 📂|file_folder 📁|broom 🧹|crystal_ball 🔮|performing_arts 🎭|game_die 🎲|jigsaw 🧩|compass 🧭|world_map 🗺️|office 🏢|house 🏠|bank 🏦`;

export const EMOJI = new Map(
  LIST.split("|").map((entry) => {
    const [name, sign] = entry.trim().split(" ");
    return [name, sign];
  }),
);
