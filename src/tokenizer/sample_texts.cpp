#include "tokenizer/sample_texts.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/utf8.h"

namespace forebay::tokenizer {
namespace {

std::size_t below(std::mt19937_64& random, std::size_t limit) { return random() % limit; }

// A cut from anywhere inside, on whole characters.
std::string_view some_part(std::mt19937_64& random, std::string_view text) {
    std::size_t from = below(random, text.size());
    while (from > 0 && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) --from;
    text.remove_prefix(from);
    text = text.substr(0, 1 + below(random, text.size()));
    return text.substr(0, utf8::whole_prefix_size(text));
}

char32_t random_character(std::mt19937_64& random) {
    static constexpr std::size_t limits[] = {0x80, 0x80, 0x250, 0x800, 0x3000, 0x10000, 0x20000, 0x110000};
    const auto character = static_cast<char32_t>(below(random, limits[below(random, std::size(limits))]));
    return character >= 0xD800 && character < 0xE000 ? U'\uFFFD' : character;
}

void append_run(std::mt19937_64& random, std::string& out) {
    static constexpr std::u32string_view runs = U" \n\r\t\u00A0\u3000\u2028a_7'=\u4E00\U0001F600\u0301\u0661";
    const char32_t character = runs[below(random, runs.size())];
    for (std::size_t count = 1 + below(random, 12); count > 0; --count) utf8::append(out, character);
}

}  // namespace

std::string repository_text() {
    std::vector<std::filesystem::path> files;
    for (const char* folder : {"src", "docs", "tests", "examples"}) {
        const std::filesystem::path root = std::filesystem::path(FOREBAY_SOURCE_FOLDER) / folder;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
            const std::string kind = entry.path().extension().string();
            if (kind == ".cpp" || kind == ".h" || kind == ".md" || kind == ".mjs") files.push_back(entry.path());
        }
    }
    std::ranges::sort(files);
    std::string text;
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        text.append(std::istreambuf_iterator<char>(in), {});
    }
    return text;
}

const std::vector<std::string>& snippets() {
    static const std::vector<std::string> all = {
        "The river comes down from the hills in spring, doesn't it? I'LL say SHE'S right: they'Ve 'tis o'clock 'REx "
        "O'Shea 'x",
        "Die Flüsse führen übermäßig viel Wasser – „ganz schön“ naß. Ça dépend de l'été, où j'ai été naïf, cœur.",
        "Река течёт с холмов весной, и её вода чиста. Объём — 1 234,56 м³; съезд №5.",
        "Το ποτάμι κατεβαίνει από τους λόφους την άνοιξη. ΆΈΉΊΌΎΏ ς",
        "يأتي النهر من التلال في الربيع، والماء صافٍ. ١٢٣٤٥٦٧٨٩٠ ۱۲۳",
        "הנהר יורד מן הגבעות באביב; המים צלולים. שָׁלוֹם",
        "नदी वसंत में पहाड़ियों से नीचे आती है। क्षेत्र १२३४ ज्ञान",
        "வசந்த காலத்தில் நதி மலைகளிலிருந்து வருகிறது. แม่น้ำไหลลงมาจากเนินเขา",
        "春になると、川は丘から流れてくる。水位は12センチ上がった！カタカナとﾊﾝｶｸ。",
        "春天，河水从山上流下来。水位上升了１２厘米！繁體字也一樣：龜鬱。𠮷野家 𮯰𮹝",
        "봄이 되면 강물이 언덕에서 흘러내린다. 수위는 12cm 올랐다! ㄱㄴㄷ",
        "😀👩‍👩‍👧‍👦🇩🇪🏳️‍🌈👍🏽 ①②③ ½ Ⅷ ㊿ x² H₂O 𝒜𝟙 ﬁ ‰ "
        "€ "
        "™ "
        "© "
        "\u00AD",
        "int main(int argc, char** argv) {\n    return argc > 1 ? run(argv[1]) : -1;  // 0x1F, 1'000'000, "
        "3.14e-5f\n}\n\n",
        "def f(x):\n\treturn {k: v for k, v in x.items() if k != '__init__'}\r\n\r\n\r\n\t \n  \n",
        "{\"intent\": \"refund\", \"order\": \"A-10293\", \"date\": \"2026-03-01\", \"urgency\": null, \"entities\": "
        "[1, 2.5]}",
        "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n",
        "   leading, trailing   \n \n\n  two  "
        "spaces\u00A0nbsp\u3000ideographic\u2028line\u2029paragraph\u0085next\u200Bzero\uFEFFbom ",
        "https://example.org/a/b?c=d&e=%20#f user@example.org ../../x C:\\dir\\file $HOME ~/.x --flag=1 a_b_c __x__ "
        "....!!!???",
        std::string("nul\0inside \x01\x1F\x7F", 14),
    };
    return all;
}

std::string mixed_text(std::mt19937_64& random, std::size_t size) {
    std::string out;
    while (out.size() < size) {
        switch (below(random, 5)) {
            case 0: out += snippets()[below(random, snippets().size())]; break;
            case 1:
            case 2: out += some_part(random, snippets()[below(random, snippets().size())]); break;
            case 3: append_run(random, out); break;
            default:
                for (std::size_t count = 1 + below(random, 6); count > 0; --count) {
                    utf8::append(out, random_character(random));
                }
        }
    }
    return out;
}

std::string random_bytes(std::mt19937_64& random, std::size_t size) {
    std::string out = below(random, 3) == 0 ? std::string(size, '\0') : mixed_text(random, size);
    const std::size_t one_in = out[0] == '\0' ? 1 : 1 + below(random, 30);
    for (char& byte : out) {
        if (below(random, one_in) == 0) byte = static_cast<char>(random());
    }
    return out;
}

}  // namespace forebay::tokenizer
