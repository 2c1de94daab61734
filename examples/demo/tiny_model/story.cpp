#include "story.h"

#include <utility>

namespace forebay::tiny {

std::vector<Sentence> read_sentences(std::string_view text) {
    std::vector<Sentence> sentences;
    Sentence sentence;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) sentence.push_back(std::exchange(word, {}));
    };
    for (const char c : text) {
        if (c == ' ' || c == '\n') {
            end_word();
        } else if (c == '.' || c == ',') {
            end_word();
            sentence.push_back(std::string(1, c));
            if (c == '.') sentences.push_back(std::exchange(sentence, {}));
        } else {
            word.push_back(c);
        }
    }
    return sentences;
}

}  // namespace forebay::tiny
