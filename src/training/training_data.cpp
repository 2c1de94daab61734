#include "training/training_data.h"

#include <algorithm>
#include <cmath>

#include "training/step_rows.h"

namespace forebay::training {
namespace {

Result<registry::ReadRows> read_file_blocking(const std::string& file, Format format) {
    const auto row_format = format == Format::chat ? registry::RowFormat::chat : registry::RowFormat::text;
    FOREBAY_TRY(registry::ReadRows read, registry::read_rows_blocking(file, row_format));
    if (!read.faults.empty()) {
        std::string message = registry::to_string(read.faults.front());
        if (read.faults_total > 1) message += fmt::format(" (and {} more rows are malformed)", read.faults_total - 1);
        return fail(Code::invalid_argument, "{}", message);
    }
    if (read.rows.empty()) return fail(Code::invalid_argument, "{} has no rows", file);
    return read;
}

class Encoding {
public:
    Encoding(const Recipe& recipe, const RowEncoder& encoder) : recipe_(recipe), encoder_(encoder) {}

    Result<std::vector<gradients::TokenRow>> all(const std::vector<registry::Row>& rows, const std::string& file) {
        std::vector<gradients::TokenRow> out;
        for (const registry::Row& row : rows) {
            auto encoded = encoder_.encode(row, recipe_.context);
            if (!encoded) return fail(encoded.error().code, "{}:{}: {}", file, row.line, encoded.error().message);
            for (gradients::TokenRow& one : *encoded) {
                if (one.tokens.size() > recipe_.context || one.predictions() == 0) {
                    ++left_out_;
                } else {
                    out.push_back(std::move(one));
                }
            }
        }
        return out;
    }
    std::uint64_t left_out() const { return left_out_; }

private:
    const Recipe& recipe_;
    const RowEncoder& encoder_;
    std::uint64_t left_out_ = 0;
};

}  // namespace

Result<std::vector<registry::Row>> read_rows_or_fail_blocking(const std::string& file, Format format) {
    FOREBAY_TRY(registry::ReadRows read, read_file_blocking(file, format));
    return std::move(read.rows);
}

Result<RawData> read_data_blocking(const Recipe& recipe) {
    FOREBAY_TRY(registry::ReadRows train, read_file_blocking(recipe.data.train, recipe.data.format));
    RawData out;
    out.digests.push_back(train.digest);
    if (!recipe.data.evaluation.empty()) {
        FOREBAY_TRY(registry::ReadRows evaluation, read_file_blocking(recipe.data.evaluation, recipe.data.format));
        out.digests.push_back(evaluation.digest);
        out.train = std::move(train.rows);
        out.evaluation = std::move(evaluation.rows);
        return out;
    }
    const auto count =
        static_cast<std::uint64_t>(std::floor(recipe.data.evaluation_part * static_cast<double>(train.rows.size())));
    std::vector<bool> held(train.rows.size(), false);
    for (const std::uint64_t row : choose_rows(train.rows.size(), count, recipe.seed)) held[row] = true;
    for (std::size_t i = 0; i < train.rows.size(); ++i) {
        (held[i] ? out.evaluation : out.train).push_back(std::move(train.rows[i]));
    }
    return out;
}

Result<RawData> read_run_data_blocking(const Recipe& recipe, RunFolder& folder) {
    FOREBAY_TRY(RawData raw, read_data_blocking(recipe));
    RunState state = folder.state();
    if (!state.dataset_digests.empty() && state.dataset_digests != raw.digests) {
        return fail(Code::conflict, "the data of run {} changed since it began: start a new run, or put the files back",
                    state.id);
    }
    state.dataset_digests = raw.digests;
    FOREBAY_TRY_VOID(folder.save_blocking(state));
    return raw;
}

Result<EncodedData> encode_data(const Recipe& recipe, const RawData& raw, const RowEncoder& encoder) {
    Encoding encoding(recipe, encoder);
    EncodedData out;
    FOREBAY_TRY(out.train, encoding.all(raw.train, recipe.data.train));
    const std::string& evaluation_file = recipe.data.evaluation.empty() ? recipe.data.train : recipe.data.evaluation;
    FOREBAY_TRY(out.evaluation, encoding.all(raw.evaluation, evaluation_file));
    out.left_out = encoding.left_out();
    if (out.train.empty()) {
        return fail(Code::invalid_argument,
                    "all rows of {} are longer than the recipe's context of {} tokens, or predict nothing",
                    recipe.data.train, recipe.context);
    }
    for (const gradients::TokenRow& row : out.train) {
        out.tokens += row.tokens.size();
        out.longest = std::max<std::uint64_t>(out.longest, row.tokens.size());
    }
    return out;
}

}  // namespace forebay::training
