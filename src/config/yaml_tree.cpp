#include "config/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "base/utf8.h"

namespace forebay::config {
namespace {

Position position_of(const YAML::Mark& mark) {
    if (mark.is_null()) return {};
    return {mark.line + 1, mark.column + 1};
}

// Ends the reading from inside a callback; the Problem has been added already.
struct LimitReached {};

// Builds the tree from the parser's events. A collection stays on the stack until its end event.
class TreeBuilder : public YAML::EventHandler {
public:
    explicit TreeBuilder(ProblemList& problems) : problems_(problems) {}
    NodePtr take() { return std::move(root_); }
    Position started_at() const { return started_at_; }

    void OnDocumentStart(const YAML::Mark& mark) override { started_at_ = position_of(mark); }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        auto node = make(NodeKind::null, mark);
        // The parser's mark is where the next token begins, perhaps many lines below the key.
        if (!stack_.empty() && stack_.back().has_key && !stack_.back().drop_value)
            node->at = stack_.back().entry.key_at;
        finish(std::move(node), anchor);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(mark, tag);
        auto node = make(NodeKind::scalar, mark);
        node->text = value;
        node->quoted = tag == "!";
        finish(std::move(node), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            problems_.add(position_of(mark), "this alias refers to the collection that it is part of");
            throw LimitReached{};
        }
        // Counted again at each use: this is what stops an alias bomb.
        count(position_of(mark), found->second->node_count);
        attach(found->second, position_of(mark));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        begin(NodeKind::sequence, mark, tag, anchor);
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        begin(NodeKind::mapping, mark, tag, anchor);
    }
    void OnMapEnd() override { end(); }

private:
    struct Open {
        std::shared_ptr<Node> node;
        YAML::anchor_t anchor = 0;
        bool has_key = false;  // mapping: the next node is a value
        bool drop_value = false;
        Entry entry;
        std::map<std::string, int, std::less<>> line_of_key;
    };

    std::shared_ptr<Node> make(NodeKind kind, const YAML::Mark& mark) {
        auto node = std::make_shared<Node>();
        node->kind = kind;
        node->at = position_of(mark);
        count(node->at, 1);
        return node;
    }
    void count(Position at, std::size_t nodes) {
        node_count_ += nodes;
        if (node_count_ <= node_count_max) return;
        problems_.add(at,
                      fmt::format("the file has more than {} values (each use of an alias counts)", node_count_max));
        throw LimitReached{};
    }
    void check_tag(const YAML::Mark& mark, const std::string& tag) {
        if (tag.empty() || tag == "?" || tag == "!") return;
        problems_.add(position_of(mark), "YAML tags ('!…') are not used here: remove the tag, or quote the value");
    }
    void begin(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        check_tag(mark, tag);
        if (stack_.size() >= depth_max) {
            problems_.add(position_of(mark), fmt::format("more than {} levels deep", depth_max));
            throw LimitReached{};
        }
        Open open;
        open.node = make(kind, mark);
        open.anchor = anchor;
        stack_.push_back(std::move(open));
    }
    void end() {
        Open open = std::move(stack_.back());
        stack_.pop_back();
        finish(std::move(open.node), open.anchor);
    }
    void finish(std::shared_ptr<Node> node, YAML::anchor_t anchor) {
        const NodePtr done = std::move(node);
        if (anchor != 0) anchors_[anchor] = done;
        attach(done, done->at);
    }
    void attach(const NodePtr& node, Position at) {
        if (stack_.empty()) {
            root_ = node;
            return;
        }
        Open& parent = stack_.back();
        parent.node->node_count += node->node_count;
        if (parent.node->kind == NodeKind::sequence) {
            parent.node->items.push_back(node);
        } else if (!parent.has_key) {
            take_key(parent, *node, at);
        } else {
            parent.has_key = false;
            if (parent.drop_value) return;
            parent.entry.value = node;
            parent.node->entries.push_back(std::move(parent.entry));
        }
    }
    void take_key(Open& parent, const Node& node, Position at) {
        parent.has_key = true;
        parent.drop_value = true;
        if (node.kind != NodeKind::scalar) {
            problems_.add(at, "a key must be a word");
            return;
        }
        const auto [earlier, is_new] = parent.line_of_key.emplace(node.text, at.line);
        if (!is_new) {
            problems_.add(
                at, fmt::format("duplicate key {}: it stands in line {} already", shown(node.text), earlier->second));
            return;
        }
        parent.drop_value = false;
        parent.entry = Entry{node.text, at, nullptr};
    }

    ProblemList& problems_;
    NodePtr root_;
    Position started_at_;
    std::vector<Open> stack_;
    std::map<YAML::anchor_t, NodePtr> anchors_;
    std::size_t node_count_ = 0;
};

struct Explanation {
    std::string_view theirs;  // how yaml-cpp's message begins
    std::string_view ours;
};
constexpr std::array<Explanation, 13> explanations{{
    {"illegal map value", "a ':' is not possible here: indent this line like its neighbours, or quote the value"},
    {"illegal map key", "a key is not possible here: check the indentation"},
    {"illegal block entry", "a '-' is not possible here: check the indentation"},
    {"end of map flow", "a '{' is not closed: a '}' or a ',' is missing"},
    {"end of sequence flow", "a '[' is not closed: a ']' or a ',' is missing"},
    {"end of map", "this line does not continue the mapping above: check the indentation"},
    {"end of sequence", "this line does not continue the list above: check the indentation"},
    {"illegal flow end", "this bracket closes nothing"},
    {"unknown escape", "unknown '\\' escape in double quotes: use single quotes, or '\\\\' for a backslash"},
    {"unknown token", "this character cannot begin a value: quote the value"},
    {"the referenced anchor", "this alias ('*…') has no anchor ('&…'): quote the value if it should begin with '*'"},
    {"illegal character found while scanning a", "a value that begins with '&' or '*' must be quoted"},
    {"illegal document indicator", "the file ends, or '---' begins, inside a quoted text: a quote is missing"},
}};

std::string_view line_of(std::string_view text, int line) {
    for (; line > 1; --line) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find('\n'));
}

void add_syntax_error(const YAML::Exception& error, std::string_view text, ProblemList& problems) {
    Position at = position_of(error.mark);
    const auto line = line_of(text, at.line);
    const auto indentation = line.substr(0, line.find_first_not_of(" \t"));
    if (const auto tab = indentation.find('\t'); tab != std::string_view::npos) {
        at.column = static_cast<int>(tab) + 1;
        return problems.add(at, "a tab is used for indentation: use spaces");
    }
    for (const auto& explanation : explanations) {
        if (error.msg.starts_with(explanation.theirs)) return problems.add(at, std::string(explanation.ours));
    }
    problems.add(at, "this is not well-formed YAML: check quotes, brackets and indentation");
}

// The place of the first byte that may not stand in the file; line 0 when there is none.
Position find_bad_byte(std::string_view text) {
    Position at{1, 1};
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length = utf8::sequence_size(text.substr(i));
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool control = byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t';
        if (length == 0 || control || byte == 0x7f) return at;
        if (byte == '\n') {
            ++at.line;
            at.column = 1;
        } else {
            at.column += static_cast<int>(length);
        }
        i += length;
    }
    return {};
}

}  // namespace

NodePtr parse_yaml(std::string_view text, ProblemList& problems) {
    if (text.size() > file_bytes_max) {
        problems.add({}, fmt::format("the file is larger than {} bytes", file_bytes_max));
        return nullptr;
    }
    if (const Position bad = find_bad_byte(text); bad.line != 0) {
        problems.add(bad, "the file must be UTF-8 text: this byte is a control character or not UTF-8");
        return nullptr;
    }
    TreeBuilder builder(problems);
    try {
        // yaml-cpp takes a quoted text that the end of the file cuts off, but not one that a document's end
        // marker cuts off.
        std::istringstream in(fmt::format("{}{}...\n", text, text.ends_with('\n') ? "" : "\n"));
        YAML::Parser parser(in);
        if (!parser.HandleNextDocument(builder)) return nullptr;
        auto root = builder.take();
        TreeBuilder second(problems);
        if (parser.HandleNextDocument(second)) {
            problems.add(second.started_at(), "a second document begins here ('---'): the file must hold one");
        }
        return root;
    } catch (const YAML::Exception& error) {
        add_syntax_error(error, text, problems);
    } catch (const LimitReached&) {
        // Reported where it happened.
    }
    return nullptr;
}

}  // namespace forebay::config
