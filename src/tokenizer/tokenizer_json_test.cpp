// tokenizer.json: files of this test's own, one feature each, and what is not built in.
#include "tokenizer/tokenizer_json.h"

#include <gmock/gmock.h>

namespace forebay::tokenizer {
namespace {

constexpr std::string_view llama3_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+)";

// The parts of a file; each is JSON.
struct File {
    std::string added = "[]";
    std::string normalizer = "null";
    std::string pre_tokenizer = R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":true})";
    std::string post_processor = "null";
    std::string model = R"("type":"BPE")";
    std::string vocab = R"({"a":0,"b":1,"ab":2,"Ġ":3,"Ġab":4,"Ċ":5})";
    std::string merges = R"(["a b","Ġ ab"])";

    std::string text() const {
        return fmt::format(
            R"({{"version":"1.0","added_tokens":{},"normalizer":{},"pre_tokenizer":{},"post_processor":{},)"
            R"("decoder":null,"model":{{{},"vocab":{},"merges":{}}}}})",
            added, normalizer, pre_tokenizer, post_processor, model, vocab, merges);
    }
    Result<Vocabulary> read() const { return parse_tokenizer_json(text(), "own.json"); }
    Error error() const {
        const Result<Vocabulary> vocabulary = read();
        EXPECT_FALSE(vocabulary);
        return vocabulary ? Error{} : vocabulary.error();
    }
};

std::string split(std::string_view pattern) {
    return fmt::format(R"({{"type":"Split","pattern":{{"Regex":"{}"}},"behavior":"Isolated","invert":false}})",
                       pattern);
}

std::string sequence_over_bytes(std::string_view steps) {
    return fmt::format(R"({{"type":"Sequence","pretokenizers":[{},)"
                       R"({{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}}]}})",
                       steps);
}

TEST(TokenizerJson, AModelOverBytesHasItsSpellingsUndone) {
    const Result<Vocabulary> read = File{}.read();

    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->kind, VocabularyKind::byte_merges);
    EXPECT_EQ(read->splitter, "gpt-2");
    EXPECT_EQ(read->special_order, SpecialOrder::leftmost);
    EXPECT_FALSE(read->whole_pieces_first);
    ASSERT_EQ(read->tokens.size(), 6U);
    EXPECT_EQ(read->tokens[4].bytes, " ab");
    EXPECT_EQ(read->tokens[5].bytes, "\n");
    ASSERT_EQ(read->merges.size(), 2U);
    EXPECT_EQ(read->merges[1].left, " ");
    EXPECT_EQ(read->merges[1].right, "ab");
}

TEST(TokenizerJson, MergesMayBePairs) {
    File file;
    file.merges = R"([["a","b"],["Ġ","ab"]])";

    const Result<Vocabulary> read = file.read();

    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->merges.size(), 2U);
    EXPECT_EQ(read->merges[1].left, " ");
}

TEST(TokenizerJson, AddedTokensKeepTheirSpellingAndFlags) {
    File file;
    file.added = R"([{"id":6,"content":"<|Ġ|>","special":true,"lstrip":false,"rstrip":true,"normalized":false},
                     {"id":9,"content":"ab","special":false,"lstrip":true,"rstrip":false,"normalized":true}])";

    const Result<Vocabulary> read = file.read();

    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->tokens.size(), 10U);
    EXPECT_EQ(read->tokens[6].bytes, "<|Ġ|>");
    EXPECT_EQ(read->tokens[6].kind, TokenKind::control);
    EXPECT_TRUE(read->tokens[6].strip_right);
    EXPECT_FALSE(read->tokens[6].strip_left);
    EXPECT_EQ(read->tokens[7].kind, TokenKind::unused);
    EXPECT_EQ(read->tokens[9].kind, TokenKind::user_defined);
    EXPECT_TRUE(read->tokens[9].strip_left);
}

TEST(TokenizerJson, ThePatternSaysWhichSplitterItIs) {
    const auto splitter_of = [](const std::string& pre_tokenizer) {
        File file;
        file.pre_tokenizer = pre_tokenizer;
        const Result<Vocabulary> read = file.read();
        return read ? read->splitter : read.error().message;
    };

    EXPECT_EQ(splitter_of(sequence_over_bytes(split(llama3_pattern))), "llama-bpe");
    EXPECT_EQ(splitter_of(R"({"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},
                             {"type":"ByteLevel","add_prefix_space":false}]})"),
              "starcoder");
    // Line ends stand in some files as they are.
    std::string deepseek = split(R"(\\p{N}{1,3})") + "," + split("[一-龥぀-ゟ゠-ヿ]+") + ",";
    deepseek +=
        split(R"([!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+)"
              R"(| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+)");
    EXPECT_EQ(splitter_of(sequence_over_bytes(deepseek)), "deepseek-v3");
}

TEST(TokenizerJson, AnUnknownPatternIsQuoted) {
    File file;
    file.pre_tokenizer = sequence_over_bytes(split(R"(\\w+|\\W+)"));

    const Error error = file.error();

    EXPECT_EQ(error.code, Code::unavailable);
    EXPECT_THAT(error.message, testing::HasSubstr("own.json"));
    EXPECT_THAT(error.message, testing::HasSubstr(R"(\w+|\W+)"));
}

TEST(TokenizerJson, AModelOverCharactersNeedsMarksAndBytes) {
    File file;
    file.pre_tokenizer = R"({"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false})";
    file.normalizer = R"({"type":"Replace","pattern":{"String":" "},"content":"▁"})";
    file.model = R"("type":"BPE","unk_token":"<unk>","byte_fallback":true,"fuse_unk":true)";
    file.vocab = R"({"<unk>":0,"▁":1,"a":2,"▁a":3,"<0x0A>":4})";
    file.merges = R"(["▁ a"])";

    const Result<Vocabulary> read = file.read();

    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->kind, VocabularyKind::text_merges);
    EXPECT_EQ(read->splitter, "");
    EXPECT_TRUE(read->spaces_are_marks);
    EXPECT_FALSE(read->space_prefix);
    EXPECT_EQ(read->unknown, 0);
    EXPECT_EQ(read->tokens[4].kind, TokenKind::byte);
    EXPECT_EQ(read->tokens[4].bytes, "\n");
    EXPECT_EQ(read->tokens[3].bytes, "▁a");

    file.normalizer =
        fmt::format(R"({{"type":"Sequence","normalizers":[{{"type":"Prepend","prepend":"▁"}},{}]}})", file.normalizer);
    EXPECT_TRUE(file.read().value().space_prefix);
    file.model = R"("type":"BPE","unk_token":"<unk>")";
    EXPECT_THAT(file.error().message, testing::HasSubstr("without byte_fallback"));
}

TEST(TokenizerJson, ATemplateSaysWhatIsAddedToATextsEnds) {
    File file;
    file.added = R"([{"id":6,"content":"<s>","special":true},{"id":7,"content":"</s>","special":true}])";
    const std::string text = R"({"Sequence":{"id":"A","type_id":0}})";
    const auto token = [](std::string_view name) { return fmt::format(R"({{"SpecialToken":{{"id":"{}"}}}})", name); };
    const auto set = [&](const std::string& parts) {
        file.post_processor = fmt::format(R"({{"type":"Sequence","processors":[{{"type":"ByteLevel"}},
            {{"type":"TemplateProcessing","single":[{}],"special_tokens":{{
            "<s>":{{"id":"<s>","ids":[6],"tokens":["<s>"]}},
            "</s>":{{"id":"</s>","ids":[7],"tokens":["</s>"]}}}}}}]}})",
                                          parts);
    };

    set(token("<s>") + "," + text + "," + token("</s>"));
    const Result<Vocabulary> both = file.read();
    set(text);
    const Result<Vocabulary> none = file.read();
    set(token("<s>") + "," + token("</s>") + "," + text);
    const Error two = file.error();

    ASSERT_TRUE(both) << both.error().message;
    EXPECT_TRUE(both->add_begin && both->add_end);
    EXPECT_EQ(both->begin, 6);
    EXPECT_EQ(both->end, 7);
    ASSERT_TRUE(none);
    EXPECT_FALSE(none->add_begin || none->add_end);
    EXPECT_THAT(two.message, testing::HasSubstr("two tokens at one end"));

    file.post_processor = R"({"type":"RobertaProcessing","sep":["</s>",7],"cls":["<s>",6]})";
    EXPECT_EQ(file.read().value().end, 7);
}

TEST(TokenizerJson, WhatIsNotBuiltInIsNamed) {
    const auto reason = [](const auto& change) {
        File file;
        change(file);
        const Error error = file.error();
        EXPECT_EQ(error.code, Code::unavailable) << error.message;
        return error.message;
    };

    EXPECT_THAT(reason([](File& f) { f.model = R"("type":"WordPiece")"; }), testing::HasSubstr("'WordPiece'"));
    EXPECT_THAT(reason([](File& f) { f.model = R"("type":"Unigram")"; }), testing::HasSubstr("'Unigram'"));
    EXPECT_THAT(reason([](File& f) { f.model += R"(,"end_of_word_suffix":"</w>")"; }),
                testing::HasSubstr("end_of_word_suffix"));
    EXPECT_THAT(reason([](File& f) { f.model += R"(,"dropout":0.1)"; }), testing::HasSubstr("dropout"));
    EXPECT_THAT(reason([](File& f) { f.normalizer = R"({"type":"NFKC"})"; }), testing::HasSubstr("'NFKC'"));
    EXPECT_THAT(reason([](File& f) { f.pre_tokenizer = R"({"type":"ByteLevel","add_prefix_space":true})"; }),
                testing::HasSubstr("add_prefix_space"));
    EXPECT_THAT(reason([](File& f) { f.pre_tokenizer = R"({"type":"BertPreTokenizer"})"; }),
                testing::HasSubstr("'BertPreTokenizer'"));
    EXPECT_THAT(reason([](File& f) { f.pre_tokenizer = "null"; }), testing::HasSubstr("without marks"));
    EXPECT_THAT(reason([](File& f) { f.added = R"([{"id":6,"content":"x","single_word":true}])"; }),
                testing::HasSubstr("single word"));
    EXPECT_THAT(reason([](File& f) { f.post_processor = R"({"type":"Other"})"; }), testing::HasSubstr("'Other'"));
}

TEST(TokenizerJson, WhatIsWrongIsSaidWithItsPlace) {
    const auto reason = [](const auto& change) {
        File file;
        change(file);
        const Error error = file.error();
        EXPECT_EQ(error.code, Code::invalid_argument) << error.message;
        return error.message;
    };

    EXPECT_THAT(reason([](File& f) { f.vocab = "[]"; }), testing::HasSubstr("model.vocab"));
    EXPECT_THAT(reason([](File& f) { f.vocab = "{}"; }), testing::HasSubstr("model.vocab is empty"));
    EXPECT_THAT(reason([](File& f) { f.vocab = R"({"a":-1})"; }), testing::HasSubstr("'a'"));
    EXPECT_THAT(reason([](File& f) { f.vocab = R"({"a":4000000000})"; }), testing::HasSubstr("too high"));
    EXPECT_THAT(reason([](File& f) { f.vocab = R"({"a":1,"b":1})"; }), testing::HasSubstr("'b' has the id of another"));
    EXPECT_THAT(reason([](File& f) { f.merges = R"(["a b","abc"])"; }), testing::HasSubstr("model.merges[1]"));
    EXPECT_THAT(reason([](File& f) { f.merges = R"(["a b c"])"; }), testing::HasSubstr("model.merges[0]"));
    EXPECT_THAT(reason([](File& f) { f.merges = R"([["a"]])"; }), testing::HasSubstr("model.merges[0]"));
    EXPECT_THAT(reason([](File& f) { f.merges = "null"; }), testing::HasSubstr("model.merges"));
    EXPECT_THAT(reason([](File& f) { f.added = R"([{"content":"x"}])"; }), testing::HasSubstr("'x' has no id"));
    EXPECT_THAT(reason([](File& f) { f.merges = "[} "; }), testing::HasSubstr("not JSON"));
    EXPECT_THAT(parse_tokenizer_json("[]", "x").error().message, testing::HasSubstr("not a JSON object"));
    EXPECT_THAT(parse_tokenizer_json("{}", "x").error().message, testing::HasSubstr("there is no model"));
    EXPECT_EQ(read_tokenizer_json_blocking("/no/such").error().code, Code::not_found);
}

TEST(TokenizerJson, AFileCutShortAnywhereIsRefused) {
    const std::string text = File{}.text();
    for (std::size_t size = 0; size + 1 < text.size(); ++size) {
        EXPECT_FALSE(parse_tokenizer_json(std::string_view(text).substr(0, size), "own.json")) << size;
    }
}

}  // namespace
}  // namespace forebay::tokenizer
